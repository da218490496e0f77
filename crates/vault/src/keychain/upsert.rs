//! Update, and add what is not there: the order in which an item of macOS is stored.
//!
//! The other order hides causes: docker's helper deletes and adds, so two logins race and a delete that was refused
//! (-25244) surfaces as -25299; the `keychain` store of keyring 4 adds after any failure of finding, so a denied
//! question does. Here a refusal is told as what it is, and -25299 only when adding and updating contradict each other.
#![cfg_attr(not(any(target_os = "macos", test)), expect(dead_code, reason = "tested on every system"))]

/// `errSecItemNotFound`.
pub(super) const NOT_FOUND: i32 = -25300;
/// `errSecDuplicateItem`.
const DUPLICATE: i32 = -25299;

/// Stores by `update`, or by `add` when there is nothing to update. Each gives the system's status of a failure.
pub(super) fn upsert(
    mut update: impl FnMut() -> Result<(), i32>,
    add: impl FnOnce() -> Result<(), i32>,
) -> Result<(), i32> {
    match update() {
        Err(NOT_FOUND) => {}
        done => return done,
    }
    match add() {
        // Somebody else added it between the two.
        Err(DUPLICATE) => match update() {
            Err(NOT_FOUND) => Err(DUPLICATE),
            done => done,
        },
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::upsert;

    #[test]
    fn a_refusal_is_told_as_what_it_is() {
        // What update says in turn, what add says, what comes of it, and how often update was asked.
        type Case = (&'static [Result<(), i32>], Result<(), i32>, Result<(), i32>, usize);
        let table: [Case; 8] = [
            (&[Ok(())], Err(-1), Ok(()), 1),
            (&[Err(-25300)], Ok(()), Ok(()), 1),
            (&[Err(-25300), Ok(())], Err(-25299), Ok(()), 2),
            (&[Err(-25300), Err(-25300)], Err(-25299), Err(-25299), 2),
            (&[Err(-25300), Err(-25244)], Err(-25299), Err(-25244), 2),
            (&[Err(-25308)], Ok(()), Err(-25308), 1),
            (&[Err(-25293)], Ok(()), Err(-25293), 1),
            (&[Err(-25300)], Err(-34018), Err(-34018), 1),
        ];
        for (updates, add, expected, asked) in table {
            let mut count = 0;
            let update = || {
                count += 1;
                updates[count - 1]
            };
            assert_eq!(upsert(update, || add), expected, "{updates:?} {add:?}");
            assert_eq!(count, asked, "{updates:?} {add:?}");
        }
    }
}
