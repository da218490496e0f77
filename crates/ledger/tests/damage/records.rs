//! Every byte of a journal flipped, every cut, every swap: damage is found, its place named, the rest recovered.

use crate::journal::{anchor, journal, run};
use ed25519_dalek::SigningKey;
use holdpoint_crash::{each, whole};
use holdpoint_ledger::{Anchor, Anchors, Verdict, verify};
use holdpoint_run::At;
use holdpoint_run::chain::{genesis, hex, link, open};

#[test]
fn an_undamaged_journal_is_intact() {
    let (run, events) = (run(), journal(20, 0));
    let (verdict, read) = verify(&run, &events, &[anchor(&events, 12)]);
    assert_eq!(
        verdict.to_string(),
        format!("intact up to anchor 12, unanchored tail of 8 events, head {}", hex(&events[19].hash))
    );
    assert_eq!(read.len(), 20);
}

#[test]
fn every_byte_flipped() {
    let (run, events) = (run(), journal(200, 0));
    let places: Vec<usize> = (0..events.len()).step_by(if whole() { 1 } else { 20 }).collect();
    each("R4", "each byte of a record flipped (cases: records)", &places, |&index| {
        let event = &events[index];
        let prev = if index == 0 { genesis(&run) } else { events[index - 1].hash };
        for place in 0..event.bytes.len() + 64 {
            let mut bad = event.clone();
            match place.checked_sub(event.bytes.len()) {
                None => bad.bytes[place] ^= 1 << (place % 8),
                Some(place @ 0..32) => bad.hash[place] ^= 1,
                Some(place) => bad.prev[place - 32] ^= 1,
            }
            if open(&run, event.seq, &prev, &bad).is_ok() {
                return Some(format!("byte {place} went unseen"));
            }
            // That the whole journal is then told as far as it is good takes longer: now and then.
            if place % 100 == 0 {
                let mut all = events.clone();
                all[index] = bad;
                let (verdict, read) = verify(&run, &all, &[]);
                let place = matches!(verdict, Verdict::Bad { intact, .. } if intact as usize == index);
                assert!(place && read.len() == index, "{verdict}; the events before it are recovered");
            }
        }
        None
    });
}

#[test]
fn cut_swapped_doubled_deleted() {
    let (run, events) = (run(), journal(200, 0));
    let anchors = [anchor(&events, 190)];
    let good = verify(&run, &events, &anchors).1;
    let places: Vec<usize> = (0..events.len()).step_by(if whole() { 1 } else { 9 }).collect();
    each("R4", "records cut off, swapped, doubled, deleted (cases: records)", &places, |&index| {
        let intact = verify(&run, &events[..index], &anchors).0.is_intact();
        assert_eq!(intact, index >= 190, "cut to {index}: any loss below the last anchor is seen");
        let mut doubled = events.clone();
        doubled.insert(index, events[index].clone());
        let mut deleted = events.clone();
        deleted.remove(index);
        let mut swapped = events.clone();
        swapped.swap(index, (index + 1) % events.len());
        for bad in [doubled, deleted, swapped] {
            let (verdict, read) = verify(&run, &bad, &anchors);
            // The newest, beyond the last anchor, may be taken away: then nothing says that it ever was.
            let lost = bad.len() + 1 == events.len() && index + 1 == events.len();
            let seen = matches!(verdict, Verdict::Bad { intact, .. } if intact as usize <= index + 1);
            if !seen && !lost {
                return Some(verdict.to_string());
            }
            assert_eq!(read, good[..read.len()]);
        }
        None
    });
}

#[test]
fn the_whole_chain_recomputed_is_not_what_was_anchored() {
    let (run, events) = (run(), journal(12, 0));
    let anchors = [anchor(&events, 9)];
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
    let (run, events) = (run(), journal(4, 0));
    let good = anchor(&events, 3);
    let other = Anchor::sign(&SigningKey::from_bytes(&[6; 32]), &run, 4, &hex(&events[3].hash), At(2_000));
    assert!(!verify(&run, &events, &[good.clone(), other]).0.is_intact());
    let altered = Anchor { count: 4, head: hex(&events[3].hash), ..good };
    assert!(!verify(&run, &events, &[altered]).0.is_intact());
}

#[test]
fn anchors_survive_a_torn_line() {
    let (run, events) = (run(), journal(4, 0));
    let folder = tempfile::tempdir().unwrap();
    let anchors = Anchors::new(folder.path());
    assert_eq!(anchors.of(&run), Ok(vec![]));
    let (one, two) = (anchor(&events, 2), anchor(&events, 4));
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
