//! Every byte of a journal flipped, every cut, every swap: damage is found, its place named, the rest recovered.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use ed25519_dalek::SigningKey;
use holdpoint_ledger::{Anchor, Anchors, Verdict, verify};
use holdpoint_run::chain::{Draft, Stored, genesis, hex, link, seal};
use holdpoint_run::{Actor, At, Fact, Mode, RunId};

fn journal(count: u64) -> (RunId, Vec<Stored>) {
    let run = RunId::new("7K2M7K2M").unwrap();
    let mut prev = genesis(&run);
    let events = (1..=count)
        .map(|seq| {
            let by = Actor { name: "op-a".into(), through: "cli".into() };
            let fact = Fact::Aborted { by, reason: format!("number {seq}") };
            let draft = Draft {
                at: At(1_000),
                monotonic: seq,
                actor: "op-a".into(),
                identity: None,
                mode: Mode::Live,
                fact,
            };
            let stored = seal(&run, seq, prev, &draft).unwrap();
            prev = stored.hash;
            stored
        })
        .collect();
    (run, events)
}

fn anchor(run: &RunId, events: &[Stored], count: usize) -> Anchor {
    Anchor::sign(
        &SigningKey::from_bytes(&[5; 32]),
        run,
        count as u64,
        &hex(&events[count - 1].hash),
        At(2_000),
    )
}

#[test]
fn whole() {
    let (run, events) = journal(20);
    let (verdict, read) = verify(&run, &events, &[anchor(&run, &events, 12)]);
    assert_eq!(
        verdict.to_string(),
        format!("intact up to anchor 12, unanchored tail of 8 events, head {}", hex(&events[19].hash))
    );
    assert_eq!(read.len(), 20);
}

#[test]
fn every_byte_flipped() {
    let (run, events) = journal(12);
    for index in 0..events.len() {
        for place in 0..events[index].bytes.len() {
            let mut bad = events.clone();
            bad[index].bytes[place] ^= 0x20;
            let (verdict, read) = verify(&run, &bad, &[]);
            let Verdict::Bad { intact, .. } = verdict else {
                panic!("event {index} byte {place} went unseen")
            };
            assert_eq!((intact as usize, read.len()), (index, index), "the events before it are recovered");
        }
        for place in 0..32 {
            let mut bad = events.clone();
            bad[index].hash[place] ^= 1;
            assert!(!verify(&run, &bad, &[]).0.is_intact());
        }
    }
}

#[test]
fn cut_swapped_doubled_deleted() {
    let (run, events) = journal(12);
    let anchors = [anchor(&run, &events, 9)];
    for cut in 0..events.len() {
        let intact = verify(&run, &events[..cut], &anchors).0.is_intact();
        assert_eq!(intact, cut >= 9, "cut to {cut}: any loss below the last anchor is seen");
    }
    for index in 0..events.len() - 1 {
        let mut swapped = events.clone();
        swapped.swap(index, index + 1);
        let mut doubled = events.clone();
        doubled.insert(index, events[index].clone());
        let mut deleted = events.clone();
        deleted.remove(index);
        for bad in [swapped, doubled, deleted] {
            let (verdict, read) = verify(&run, &bad, &anchors);
            assert!(
                matches!(verdict, Verdict::Bad { intact, .. } if intact as usize <= index + 1),
                "{verdict}"
            );
            assert_eq!(read, verify(&run, &events, &anchors).1[..read.len()]);
        }
    }
}

#[test]
fn the_whole_chain_recomputed_is_not_what_was_anchored() {
    let (run, events) = journal(12);
    let anchors = [anchor(&run, &events, 9)];
    let mut forged = events.clone();
    let text = String::from_utf8(forged[4].bytes.clone()).unwrap().replace("number 5", "number 6");
    forged[4].bytes = text.into_bytes();
    let mut prev = genesis(&run);
    for event in &mut forged {
        let old = hex(&event.prev);
        event.bytes = String::from_utf8(event.bytes.clone()).unwrap().replace(&old, &hex(&prev)).into_bytes();
        event.prev = prev;
        event.hash = link(&prev, &event.bytes);
        prev = event.hash;
    }
    assert!(verify(&run, &forged, &[]).0.is_intact(), "the forgery is a good chain");
    let (verdict, _) = verify(&run, &forged, &anchors);
    assert!(matches!(verdict, Verdict::NotAsAnchored { count: 9, .. }), "{verdict}");
}

#[test]
fn an_anchor_of_another_device_or_altered_does_not_count() {
    let (run, events) = journal(4);
    let good = anchor(&run, &events, 3);
    let other = Anchor::sign(&SigningKey::from_bytes(&[6; 32]), &run, 4, &hex(&events[3].hash), At(2_000));
    assert!(!verify(&run, &events, &[good.clone(), other]).0.is_intact());
    let altered = Anchor { count: 4, head: hex(&events[3].hash), ..good };
    assert!(!verify(&run, &events, &[altered]).0.is_intact());
}

#[test]
fn anchors_survive_a_torn_line() {
    let (run, events) = journal(4);
    let folder = tempfile::tempdir().unwrap();
    let anchors = Anchors::new(folder.path());
    assert_eq!(anchors.of(&run), Ok(vec![]));
    let (one, two) = (anchor(&run, &events, 2), anchor(&run, &events, 4));
    anchors.keep(&one).unwrap();
    let path = folder.path().join("7K2M7K2M.anchors");
    let mut torn = std::fs::read(&path).unwrap();
    torn.extend_from_slice(br#"{"run":"7K2M7K2M","cou"#);
    std::fs::write(&path, torn).unwrap();
    assert_eq!(anchors.of(&run), Ok(vec![one.clone()]));
    anchors.keep(&two).unwrap();
    assert_eq!(anchors.of(&run), Ok(vec![one, two]));
    std::fs::write(&path, "{\"run\": 5}\n{}\n").unwrap();
    assert!(anchors.of(&run).unwrap_err().to_string().contains("line 1 is damaged"));
}
