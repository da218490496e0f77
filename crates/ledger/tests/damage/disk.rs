//! A disk under the real ledger: SQLite's own interface of file systems, with the system's behind it. It writes down what
//! is written and synced, and fails when it is told to.
//!
//! SQLite knows one file system by default; this one takes that place for the whole process, and leaves alone whatever is
//! outside of the folders of its disks.
#![expect(unsafe_code, reason = "SQLite's interface of file systems is one of C")]

use libsqlite3_sys as sqlite;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex, OnceLock, Weak};

/// What happened to a file, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// It was made.
    Made(String),
    /// Bytes were written at an offset.
    Written(String, u64, Vec<u8>),
    /// It was cut, or made longer, to that length.
    Cut(String, u64),
    /// What was written to it before is kept from here on.
    Synced(String),
    /// It was deleted; and whether its folder was synced.
    Deleted(String, bool),
    /// So many events had been acknowledged.
    Acknowledged(usize),
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no space, from then on.
    Full,
    /// The device says no, once.
    Io,
    /// Half of the bytes are written, once.
    Short,
}

/// The disk of a folder.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<Op>,
    operations: usize,
    fault: Option<(usize, Fault)>,
}

static DISKS: Mutex<Vec<Weak<Disk>>> = Mutex::new(Vec::new());

impl Disk {
    /// A disk for that folder, in which nothing fails yet.
    pub(crate) fn of(folder: &Path) -> Arc<Self> {
        install();
        let disk = Arc::new(Self { folder: folder.canonicalize().unwrap(), state: Mutex::default() });
        let mut disks = DISKS.lock().unwrap();
        disks.retain(|one| one.strong_count() > 0);
        disks.push(Arc::downgrade(&disk));
        disk
    }

    /// The nth operation that changes something fails.
    pub(crate) fn fail(&self, nth: usize, fault: Fault) {
        self.state.lock().unwrap().fault = Some((nth, fault));
    }

    /// Nothing fails any more. Says whether something had.
    pub(crate) fn heal(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        let fault = state.fault.take();
        fault.is_some_and(|(nth, _)| state.operations >= nth)
    }

    /// Operations so far that change something.
    pub(crate) fn operations(&self) -> usize {
        self.state.lock().unwrap().operations
    }

    /// Events are acknowledged: all that are needed for them must be kept by now.
    pub(crate) fn acknowledged(&self, count: usize) {
        self.state.lock().unwrap().log.push(Op::Acknowledged(count));
    }

    /// All that happened.
    pub(crate) fn log(&self) -> Vec<Op> {
        self.state.lock().unwrap().log.clone()
    }

    /// How the next operation fails, if it does.
    fn next(&self) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        state.operations += 1;
        let (nth, fault) = state.fault?;
        let now = match fault {
            Fault::Full => state.operations >= nth,
            Fault::Io | Fault::Short => state.operations == nth,
        };
        now.then_some(fault)
    }

    fn note(&self, op: Op) {
        self.state.lock().unwrap().log.push(op);
    }
}

/// A file as SQLite holds it; the system's own lies behind it in memory.
#[repr(C)]
struct File {
    methods: *const sqlite::sqlite3_io_methods,
    disk: Option<(Arc<Disk>, String)>,
}

const METHODS: sqlite::sqlite3_io_methods = sqlite::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
static METHODS_OF_ALL: SharedMethods = SharedMethods(METHODS);

struct SharedMethods(sqlite::sqlite3_io_methods);
// SAFETY: a table of functions, never changed.
unsafe impl Sync for SharedMethods {}

/// The system's file system.
struct System(*mut sqlite::sqlite3_vfs);
// SAFETY: SQLite shares it between all threads itself.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

static SYSTEM: OnceLock<System> = OnceLock::new();

fn system() -> *mut sqlite::sqlite3_vfs {
    SYSTEM.get().unwrap().0
}

/// Once a process.
fn install() {
    SYSTEM.get_or_init(|| {
        // SAFETY: the default file system is there from SQLite's start to the end of the process; ours is leaked.
        unsafe {
            let system = sqlite::sqlite3_vfs_find(ptr::null());
            let mut ours = *system;
            ours.szOsFile += c_int::try_from(size_of::<File>()).unwrap();
            ours.pNext = ptr::null_mut();
            ours.zName = c"holdpoint-disk".as_ptr();
            ours.xOpen = Some(open);
            ours.xDelete = Some(delete);
            let registered = sqlite::sqlite3_vfs_register(Box::leak(Box::new(ours)), 1);
            assert_eq!(registered, sqlite::SQLITE_OK);
            System(system)
        }
    });
}

/// The disk that has a path, and the file's name there.
unsafe fn place(path: *const c_char) -> Option<(Arc<Disk>, String)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: SQLite's names end with a zero.
    let path = unsafe { CStr::from_ptr(path) }.to_str().ok()?;
    let (folder, name) = path.rsplit_once('/')?;
    let disks = DISKS.lock().unwrap();
    let disk = disks.iter().filter_map(Weak::upgrade).find(|disk| disk.folder == Path::new(folder))?;
    Some((disk, name.to_owned()))
}

/// The system's file behind ours.
unsafe fn behind(file: *mut sqlite::sqlite3_file) -> *mut sqlite::sqlite3_file {
    // SAFETY: `szOsFile` has room for both.
    unsafe { file.byte_add(size_of::<File>()) }
}

/// Calls the system's method of a file.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: the system's file was opened by its own `xOpen`, and has all methods of its version.
        unsafe {
            let real = behind($file);
            ((*(*real).pMethods).$method.unwrap())(real $(, $argument)*)
        }
    }};
}

/// Which disk a file of ours is on.
unsafe fn disk_of<'a>(file: *mut sqlite::sqlite3_file) -> Option<&'a (Arc<Disk>, String)> {
    // SAFETY: `open` has made it, and it lives until `close`.
    unsafe { (*file.cast::<File>()).disk.as_ref() }
}

unsafe extern "C" fn open(
    _: *mut sqlite::sqlite3_vfs,
    name: sqlite::sqlite3_filename,
    file: *mut sqlite::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands over memory of `szOsFile` bytes, and a name or none.
    unsafe {
        let disk = place(name);
        ptr::write(file.cast::<File>(), File { methods: ptr::null(), disk: None });
        if let Some((disk, name)) = &disk {
            let new = flags & sqlite::SQLITE_OPEN_CREATE != 0 && !disk.folder.join(name).exists();
            if new && disk.next().is_some() {
                return sqlite::SQLITE_CANTOPEN;
            }
            if new {
                disk.note(Op::Made(name.clone()));
            }
        }
        let real = behind(file);
        let opened = ((*system()).xOpen.unwrap())(system(), name, real, flags, out);
        if (*real).pMethods.is_null() {
            return opened;
        }
        ptr::write(file.cast::<File>(), File { methods: &raw const METHODS_OF_ALL.0, disk });
        opened
    }
}

unsafe extern "C" fn delete(_: *mut sqlite::sqlite3_vfs, name: *const c_char, folder: c_int) -> c_int {
    // SAFETY: SQLite's names end with a zero; the system's file system is there.
    unsafe {
        if let Some((disk, name)) = place(name)
            && disk.folder.join(&name).exists()
        {
            if disk.next().is_some() {
                return sqlite::SQLITE_IOERR_DELETE;
            }
            disk.note(Op::Deleted(name, folder != 0));
        }
        ((*system()).xDelete.unwrap())(system(), name, folder)
    }
}

unsafe extern "C" fn close(file: *mut sqlite::sqlite3_file) -> c_int {
    let closed = pass!(file, xClose);
    // SAFETY: SQLite closes a file once, and does not touch it afterwards.
    unsafe { ptr::drop_in_place(file.cast::<File>()) };
    closed
}

unsafe extern "C" fn write(
    file: *mut sqlite::sqlite3_file,
    bytes: *const c_void,
    amount: c_int,
    at: sqlite::sqlite3_int64,
) -> c_int {
    // SAFETY: as many bytes as SQLite says.
    let (disk, all) = unsafe {
        let length = usize::try_from(amount).unwrap();
        (disk_of(file), std::slice::from_raw_parts(bytes.cast::<u8>(), length))
    };
    let Some((disk, name)) = disk else { return pass!(file, xWrite, bytes, amount, at) };
    let place = u64::try_from(at).unwrap();
    match disk.next() {
        None => {
            disk.note(Op::Written(name.clone(), place, all.to_vec()));
            pass!(file, xWrite, bytes, amount, at)
        }
        Some(Fault::Full) => sqlite::SQLITE_FULL,
        Some(Fault::Io) => sqlite::SQLITE_IOERR_WRITE,
        Some(Fault::Short) => match pass!(file, xWrite, bytes, amount / 2, at) {
            sqlite::SQLITE_OK => sqlite::SQLITE_FULL,
            failed => failed,
        },
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite::sqlite3_file, length: sqlite::sqlite3_int64) -> c_int {
    // SAFETY: a file of ours.
    if let Some((disk, name)) = unsafe { disk_of(file) } {
        if disk.next().is_some() {
            return sqlite::SQLITE_IOERR_TRUNCATE;
        }
        disk.note(Op::Cut(name.clone(), u64::try_from(length).unwrap()));
    }
    pass!(file, xTruncate, length)
}

unsafe extern "C" fn sync(file: *mut sqlite::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: a file of ours.
    if let Some((disk, name)) = unsafe { disk_of(file) } {
        if disk.next().is_some() {
            return sqlite::SQLITE_IOERR_FSYNC;
        }
        disk.note(Op::Synced(name.clone()));
    }
    pass!(file, xSync, flags)
}

unsafe extern "C" fn read(
    file: *mut sqlite::sqlite3_file,
    bytes: *mut c_void,
    amount: c_int,
    at: sqlite::sqlite3_int64,
) -> c_int {
    pass!(file, xRead, bytes, amount, at)
}

unsafe extern "C" fn file_size(file: *mut sqlite::sqlite3_file, size: *mut sqlite::sqlite3_int64) -> c_int {
    pass!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut sqlite::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut sqlite::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite::sqlite3_file, out: *mut c_int) -> c_int {
    pass!(file, xCheckReservedLock, out)
}

unsafe extern "C" fn file_control(
    file: *mut sqlite::sqlite3_file,
    op: c_int,
    argument: *mut c_void,
) -> c_int {
    pass!(file, xFileControl, op, argument)
}

unsafe extern "C" fn sector_size(file: *mut sqlite::sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite::sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics)
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    pass!(file, xShmMap, page, size, extend, out)
}

unsafe extern "C" fn shm_lock(
    file: *mut sqlite::sqlite3_file,
    at: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    pass!(file, xShmLock, at, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite::sqlite3_file) {
    pass!(file, xShmBarrier);
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite::sqlite3_file, delete: c_int) -> c_int {
    pass!(file, xShmUnmap, delete)
}
