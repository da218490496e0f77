//! A map of names whose copies cost next to nothing: a walk that is given up goes back to one, and a look ahead learns into
//! another. With a plain map, a plan of many variables would be copied for each of its fences.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Names and what is known of them, in layers that copies share. A later layer hides what those below it say.
#[derive(Debug, Clone)]
pub(crate) struct Layers<V> {
    /// The lowest first, each longer than the one above it; `None` for a name that was taken out.
    layers: Vec<Arc<BTreeMap<String, Option<V>>>>,
}

impl<V> Default for Layers<V> {
    fn default() -> Self {
        Self { layers: Vec::new() }
    }
}

impl<V: Clone> Layers<V> {
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        crate::work::spend(1);
        self.layers.iter().rev().find_map(|layer| layer.get(name))?.as_ref()
    }

    pub(crate) fn insert(&mut self, name: String, value: V) {
        self.put(name, Some(value));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if self.get(name).is_some() {
            self.put(name.to_owned(), None);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.layers.clear();
    }

    /// All names and what is known of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &V)> {
        let mut all: BTreeMap<&str, Option<&V>> = BTreeMap::new();
        for (name, value) in self.layers.iter().flat_map(|layer| layer.iter()) {
            all.insert(name, value.as_ref());
        }
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// Layers that have become as short as what comes on top are joined to it, so that there are few, and each name is
    /// moved a few times only, however many there are.
    fn put(&mut self, name: String, value: Option<V>) {
        let mut top = BTreeMap::from([(name, value)]);
        while let Some(below) = self.layers.pop_if(|below| below.len() <= top.len()) {
            // A layer that a copy has, too, is copied here.
            crate::work::spend(top.len() + if Arc::strong_count(&below) > 1 { below.len() } else { 0 });
            let mut joined = Arc::unwrap_or_clone(below);
            joined.append(&mut top);
            top = joined;
        }
        self.layers.push(Arc::new(top));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_do_not_see_what_comes_later() {
        let mut one = Layers::default();
        for number in 0..100 {
            one.insert(format!("v{}", number % 40), number);
        }
        let copy = one.clone();
        one.insert("v1".to_owned(), 1000);
        one.remove("v2");
        one.remove("never");
        assert_eq!((one.get("v1"), one.get("v2"), one.get("v3")), (Some(&1000), None, Some(&83)));
        assert_eq!((copy.get("v1"), copy.get("v2"), copy.all().count()), (Some(&81), Some(&82), 40));
        assert_eq!(one.all().count(), 39);
        one.clear();
        assert_eq!((one.get("v1"), copy.get("v39")), (None, Some(&79)));
    }

    #[test]
    fn there_are_few_layers_whatever_the_number_of_names() {
        let mut many = Layers::default();
        for number in 0..10_000 {
            many.insert(format!("v{number}"), number);
        }
        assert!(many.layers.len() <= 14, "{} layers", many.layers.len());
        assert_eq!((many.get("v0"), many.get("v9999")), (Some(&0), Some(&9999)));
    }
}
