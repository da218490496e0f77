//! As much of CBOR (RFC 8949) as Smithy's RPC v2 protocol uses: what CloudWatch's newest clients speak. A library for it
//! would bring its own model of values; this is the one that operations read and write.

use serde_json::{Map, Value, json};

use super::query::as_moment;

/// Deeper nesting is refused.
const DEEPEST: usize = 64;

/// Bytes → a value; a timestamp becomes its epoch seconds. `None` when they are not CBOR.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    if bytes.is_empty() {
        return Some(json!({}));
    }
    let mut reader = Reader { bytes, at: 0 };
    reader.value(0)
}

/// A value → bytes; moments become timestamps.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, count: u64) -> Option<&[u8]> {
        let end = self.at.checked_add(usize::try_from(count).ok()?)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// The argument of a head; `None` in the option for an indefinite length.
    fn argument(&mut self, low: u8) -> Option<Option<u64>> {
        let wide = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        match low {
            0..=23 => Some(Some(low.into())),
            24..=27 => self.take(1 << (low - 24)).map(|bytes| Some(wide(bytes))),
            31 => Some(None),
            _ => None,
        }
    }

    /// Whether an item of an indefinite length ends here.
    fn ends(&mut self) -> Option<bool> {
        let ends = *self.bytes.get(self.at)? == 0xff;
        if ends {
            self.at += 1;
        }
        Some(ends)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let head = self.byte()?;
        let (major, low) = (head >> 5, head & 0x1f);
        match major {
            0 => self.argument(low)?.map(|n| json!(n)),
            1 => self.argument(low)?.and_then(|n| i64::try_from(n).ok()).map(|n| json!(-1 - n)),
            2 | 3 => self.text(low).map(|text| json!(text)),
            4 => {
                let count = self.argument(low)?;
                let mut list = Vec::new();
                loop {
                    let over = match count {
                        Some(count) => list.len() as u64 >= count,
                        None => self.ends()?,
                    };
                    if over {
                        return Some(Value::Array(list));
                    }
                    list.push(self.value(depth + 1)?);
                }
            }
            5 => {
                let count = self.argument(low)?;
                let mut map = Map::new();
                let mut read = 0;
                loop {
                    let over = match count {
                        Some(count) => read >= count,
                        None => self.ends()?,
                    };
                    if over {
                        return Some(Value::Object(map));
                    }
                    let key = self.value(depth + 1)?.as_str()?.to_owned();
                    map.insert(key, self.value(depth + 1)?);
                    read += 1;
                }
            }
            6 => {
                self.argument(low)?;
                self.value(depth + 1)
            }
            _ => match low {
                20 => Some(json!(false)),
                21 => Some(json!(true)),
                22 | 23 => Some(Value::Null),
                25 => None,
                26 => {
                    let bits = self.take(4)?.try_into().ok().map(u32::from_be_bytes)?;
                    Some(json!(f64::from(f32::from_bits(bits))))
                }
                27 => self.take(8)?.try_into().ok().map(|b| json!(f64::from_bits(u64::from_be_bytes(b)))),
                _ => None,
            },
        }
    }

    fn text(&mut self, low: u8) -> Option<String> {
        let Some(count) = self.argument(low)? else {
            let mut whole = String::new();
            while !self.ends()? {
                let head = self.byte()?;
                whole.push_str(&self.text(head & 0x1f)?);
            }
            return Some(whole);
        };
        String::from_utf8(self.take(count)?.to_vec()).ok()
    }
}

fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..=23 => out.push(major | argument as u8),
        24..=0xff => out.extend([major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(argument.to_be_bytes());
        }
    }
}

fn put(out: &mut Vec<u8>, value: &Value) {
    if let Some(at) = as_moment(value) {
        // Tag 1: epoch seconds.
        out.push(0xc1);
        put(out, &json!(crate::clock::epoch_seconds(at)));
    } else if let Some(text) = value.as_str() {
        head(out, 3, text.len() as u64);
        out.extend(text.as_bytes());
    } else if let Some(list) = value.as_array() {
        head(out, 4, list.len() as u64);
        list.iter().for_each(|item| put(out, item));
    } else if let Some(map) = value.as_object() {
        let given: Vec<_> = map.iter().filter(|(_, member)| !member.is_null()).collect();
        head(out, 5, given.len() as u64);
        for (key, member) in given {
            put(out, &json!(key));
            put(out, member);
        }
    } else if let Some(flag) = value.as_bool() {
        out.push(if flag { 0xf5 } else { 0xf4 });
    } else if let Some(number) = value.as_u64() {
        head(out, 0, number);
    } else if let Some(number) = value.as_i64() {
        head(out, 1, number.unsigned_abs() - 1);
    } else if let Some(number) = value.as_f64() {
        out.push(0xfb);
        out.extend(number.to_be_bytes());
    } else {
        out.push(0xf6);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_round_trip() {
        for value in [
            json!({"a": [1, -1, 23, 24, 255, 256, 65_536, 4_294_967_296_u64, -500], "b": {"c": "ü", "d": 1.5}, "e": true}),
            json!([]),
            json!({}),
            json!("x".repeat(300)),
        ] {
            assert_eq!(read(&write(&value)), Some(value));
        }
        assert_eq!(read(&write(&crate::protocol::query::moment(1_500_000))), Some(json!(1.5)));
    }

    #[test]
    fn indefinite_lengths_are_read_and_nonsense_is_not() {
        // {_ "a": [_ 1, 2]}, as RFC 8949 writes it.
        let bytes = [0xbf, 0x61, b'a', 0x9f, 0x01, 0x02, 0xff, 0xff];
        assert_eq!(read(&bytes), Some(json!({"a": [1, 2]})));
        for bytes in [
            &[0xff][..],
            &[0x61][..],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
            &[0x81; 100][..],
        ] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }
}
