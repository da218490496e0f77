//! The chain: what was written reads back, and every kind of damage is named by its first bad event.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use holdpoint_run::chain::{ChainError, Draft, FORMAT, Stored, genesis, link, open, seal};
use holdpoint_run::{Actor, At, Fact, Mode, RunId};
use proptest::prelude::*;

fn run() -> RunId {
    RunId::new("7K2MTESTRUN").unwrap()
}

fn draft(n: u64) -> Draft {
    Draft {
        at: At(1_790_000_000_000 + n as i64),
        monotonic: n,
        actor: "op-a".into(),
        identity: Some("arn:aws:sts::111122223333:assumed-role/Deployer/op-a".into()),
        mode: Mode::Practice,
        fact: Fact::Aborted {
            by: Actor { name: "op-a".into(), through: "cli".into() },
            reason: format!("number {n}, “quoted”\n\u{0}\u{202e}"),
        },
    }
}

fn chain(length: u64) -> Vec<Stored> {
    let mut prev = genesis(&run());
    (1..=length)
        .map(|seq| {
            let stored = seal(&run(), seq, prev, &draft(seq)).unwrap();
            prev = stored.hash;
            stored
        })
        .collect()
}

/// How many events read, and why the next one does not.
fn read(chain: &[Stored]) -> (usize, Option<ChainError>) {
    let mut prev = genesis(&run());
    for (index, stored) in chain.iter().enumerate() {
        match open(&run(), index as u64 + 1, &prev, stored) {
            Ok(_) => prev = stored.hash,
            Err(error) => return (index, Some(error)),
        }
    }
    (chain.len(), None)
}

#[test]
fn what_was_sealed_opens_as_it_was() {
    let chain = chain(3);
    let mut prev = genesis(&run());
    for (index, stored) in chain.iter().enumerate() {
        let event = open(&run(), index as u64 + 1, &prev, stored).unwrap();
        let wanted = draft(event.seq);
        assert_eq!((event.at, event.monotonic, event.actor), (wanted.at, wanted.monotonic, wanted.actor));
        assert_eq!((event.identity, event.mode, event.event), (wanted.identity, wanted.mode, wanted.fact));
        prev = stored.hash;
    }
}

#[test]
fn every_damage_is_named() {
    type Damage = fn(&mut Vec<Stored>);
    let cases: [(&str, Damage, usize, &str); 9] = [
        ("altered", |c| c[4].bytes[10] ^= 1, 4, "event 5 was altered"),
        ("another hash", |c| c[4].hash[0] ^= 1, 4, "event 5 was altered"),
        ("another predecessor", |c| c[4].prev[0] ^= 1, 4, "event 5 does not follow"),
        ("truncated bytes", |c| c[4].bytes.truncate(20), 4, "event 5 was altered"),
        ("deleted", |c| drop(c.remove(4)), 4, "event 5 does not follow"),
        ("doubled", |c| c.insert(5, c[4].clone()), 5, "event 6 does not follow"),
        ("swapped", |c| c.swap(4, 5), 4, "event 5 does not follow"),
        ("renumbered", |c| c[4].seq = 6, 4, "event 5 does not follow"),
        ("first deleted", |c| drop(c.remove(0)), 0, "event 1 does not follow"),
    ];
    for (name, damage, good, message) in cases {
        let mut chain = chain(10);
        damage(&mut chain);
        let (read, error) = read(&chain);
        assert_eq!(read, good, "{name}: the valid prefix is kept");
        let error = error.expect(name).to_string();
        assert!(error.starts_with(message), "{name}: {error}");
    }
    let mut short = chain(10);
    short.truncate(7);
    // A lost tail is not seen by the chain; that is what anchors are for.
    assert_eq!(read(&short), (7, None));
}

#[test]
fn an_event_does_not_move_to_another_run() {
    let other = RunId::new("OTHERRUN").unwrap();
    let stored = seal(&other, 1, genesis(&run()), &draft(1)).unwrap();
    assert_eq!(open(&run(), 1, &genesis(&run()), &stored), Err(ChainError::Broken { seq: 1 }));
    let renumbered = seal(&run(), 2, genesis(&run()), &draft(1)).unwrap();
    let renumbered = Stored { seq: 1, ..renumbered };
    assert_eq!(open(&run(), 1, &genesis(&run()), &renumbered), Err(ChainError::Broken { seq: 1 }));
}

#[test]
fn a_newer_event_says_so() {
    let prev = genesis(&run());
    let bytes = format!(r#"{{"format":{},"what":"nobody knows yet"}}"#, FORMAT + 1).into_bytes();
    let hash = link(&prev, &bytes);
    let error = open(&run(), 1, &prev, &Stored { seq: 1, bytes, prev, hash }).unwrap_err();
    assert_eq!(error, ChainError::Newer { seq: 1, format: FORMAT + 1 });
    assert!(error.to_string().contains("update Holdpoint"), "{error}");
}

#[test]
fn every_flipped_byte_of_an_event_is_found() {
    let chain = chain(3);
    for at in 0..chain[1].bytes.len() {
        for bit in 0..8 {
            let mut damaged = chain.clone();
            damaged[1].bytes[at] ^= 1 << bit;
            assert_eq!(read(&damaged), (1, Some(ChainError::Altered { seq: 2 })), "byte {at}, bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Bytes that hash rightly and are anything at all: an error, never a panic.
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let prev = genesis(&run());
        let hash = link(&prev, &bytes);
        let opened = open(&run(), 1, &prev, &Stored { seq: 1, bytes, prev, hash });
        prop_assert!(opened.is_err());
    }

    /// The same with JSON that is nearly an event.
    #[test]
    fn mutated_events_never_panic(at in 0usize..400, byte in any::<u8>()) {
        let prev = genesis(&run());
        let mut bytes = seal(&run(), 1, prev, &draft(1)).unwrap().bytes;
        let length = bytes.len();
        bytes[at % length] = byte;
        let hash = link(&prev, &bytes);
        let opened = open(&run(), 1, &prev, &Stored { seq: 1, bytes, prev, hash });
        let altered = matches!(opened, Err(ChainError::Altered { .. }));
        prop_assert!(!altered, "it hashes rightly");
    }
}
