//! What the words of a heading say its section is for: one table, many languages.

mod rows;
mod words;

use super::fold::{Hit, Phrases, fold};
use super::number;
use crate::Role;
use rows::ROWS;
use std::sync::OnceLock;

/// The role that a title names, if it names one. Where it names several, the one that is walked least wins: "Verify the
/// rollback" is about the rollback.
pub(crate) fn role_of(title: &str) -> Option<Role> {
    named(title).map(|named| named.role)
}

/// A role, and how sure its words are of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) role: Role,
    /// Commands that change something say more than this title: "Resources" may be listed there, or made.
    pub(crate) unless_it_changes: bool,
}

/// The role that a title names, with how sure that is.
pub(crate) fn named(title: &str) -> Option<Named> {
    let whole = fold(title);
    let mut found: Option<Named> = None;
    for (role, firm) in roles(title, &whole) {
        let better =
            found.is_none_or(|named| (rank(role), !firm) < (rank(named.role), named.unless_it_changes));
        if better {
            found = Some(Named { role, unless_it_changes: !firm });
        }
    }
    found
}

/// What words say of the section that they stand over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// It is walked, and for what.
    Walked(Role),
    /// It undoes what was walked.
    Rollback,
    /// It is looked up.
    Reference {
        /// Where in its phrase the word must stand to be what the phrase is about.
        shape: Shape,
        /// It has no other sense.
        firm: bool,
    },
}

/// Where in its phrase a word stands that the phrase is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// At the beginning or at the end: "Troubleshooting the tasks", "Deployment troubleshooting".
    Edge,
    /// At the end: "System architecture", but not "Architecture mismatch".
    Last,
    /// At the beginning: "Arquitectura del sistema", but not "Servicio de contactos".
    First,
    /// Alone.
    Whole,
}

fn roles(title: &str, whole: &str) -> Vec<(Role, bool)> {
    let mut found: Vec<(Role, bool)> = Vec::new();
    let mut looked_up = false;
    for hit in table().hits(whole) {
        match hit.meaning {
            Says::Walked(role) => found.push((role, true)),
            Says::Rollback if undoes(whole, hit) => found.push((Role::Rollback, true)),
            Says::Rollback => {}
            Says::Reference { .. } => looked_up = true,
        }
    }
    if looked_up && let Some(firm) = reference(title, whole) {
        found.push((Role::Reference, firm));
    }
    found
}

fn rank(role: Role) -> u8 {
    match role {
        Role::Rollback => 0,
        Role::Reference => 1,
        Role::Before => 2,
        Role::After => 3,
        Role::Verify => 4,
        Role::Deploy => 5,
    }
}

/// Whether a title with such a word is about going back. "Enable the breaker with automatic rollback" is not.
fn undoes(whole: &str, hit: Hit<Says>) -> bool {
    let before = whole.get(..hit.start).unwrap_or("");
    let set_up = words::sets_up().hits(whole).any(|verb| {
        let last = || whole.get(verb.end..).is_some_and(|rest| !rest.trim_end().contains(' '));
        verb.start < hit.start || (verb.meaning && last())
    });
    let beside = before.split_whitespace().any(|word| words::BESIDE.contains(&word));
    let part = rest_of(whole, hit).split(' ').next().is_some_and(|word| words::PARTS.contains(&word));
    !(set_up || beside || part)
}

/// Whether a title is about something to look up, and whether it says so without doubt.
fn reference(title: &str, whole: &str) -> Option<bool> {
    let counted = number(title);
    if counted.as_ref().is_some_and(|number| number.keyed) {
        return None;
    }
    let mut found = None;
    // A hyphen makes one word of two: a "notes-service" is a service.
    let joined = joined(title);
    for (place, segment) in segments(&joined).enumerate() {
        let folded = fold(segment);
        for hit in table().hits(&folded) {
            let Says::Reference { shape, firm } = hit.meaning else { continue };
            // What is counted is one of several things to do, unless its words leave no doubt.
            if !firm && counted.is_some() {
                continue;
            }
            let said = if place == 0 {
                is_about(&folded, hit, shape) && !acts(&folded, hit, shape)
            } else {
                is_about(&folded, hit, if shape == Shape::Edge { shape } else { Shape::Whole })
                    && words::does().hits(whole).next().is_none()
            };
            if said {
                found = Some(firm || found == Some(true));
            }
        }
    }
    found
}

/// Whether a segment does something to the word, or with it.
fn acts(folded: &str, hit: Hit<Says>, shape: Shape) -> bool {
    if shape == Shape::Edge {
        // "Fix known issues", but not "Known issues when deploying"; what ends with its subject may name any work.
        return is_spaced(folded, hit)
            && words::does().hits(folded).any(|verb| bare_start(folded, verb.start));
    }
    words::does().hits(folded).next().is_some()
}

/// Whether a segment is about the word that stands in it.
fn is_about(folded: &str, hit: Hit<Says>, shape: Shape) -> bool {
    let before: Vec<&str> = folded
        .get(..hit.start)
        .unwrap_or("")
        .split_whitespace()
        .filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    let after = rest_of(folded, hit);
    if before.iter().any(|word| words::PREPOSITIONS.contains(word)) {
        return false;
    }
    let next = after.split(' ').next().unwrap_or("");
    let counted = next.chars().count() == 1 || next.bytes().all(|byte| byte.is_ascii_digit());
    let ends = after.is_empty() || counted || words::COMPANIONS.contains(&next) || goes_on(folded, hit);
    match shape {
        Shape::Edge => before.is_empty() || ends,
        Shape::Last => ends && !not_of_words(folded, hit),
        Shape::First => before.len() <= 1 || after.is_empty(),
        Shape::Whole => before.is_empty() && (after.is_empty() || counted && after == next),
    }
}

/// Languages without spaces: what may follow the noun, or another such noun.
fn goes_on(folded: &str, hit: Hit<Says>) -> bool {
    let after = rest_of(folded, hit);
    !is_spaced(folded, hit)
        && (words::GLUED_COMPANIONS.iter().any(|word| after.starts_with(word))
            || table().hits(after).any(|next| next.start == 0))
}

/// "基础架构" is infrastructure, whose last two signs are an architecture.
fn not_of_words(folded: &str, hit: Hit<Says>) -> bool {
    let before = folded.get(..hit.start).unwrap_or("");
    ["基础", "基礎"].iter().any(|word| before.ends_with(word))
}

/// What follows the word that a phrase is, or begins.
fn rest_of(folded: &str, hit: Hit<Says>) -> &str {
    let rest = folded.get(hit.end..).unwrap_or("");
    if is_spaced(folded, hit) && !folded.get(..hit.end).unwrap_or("").ends_with(' ') {
        return rest.split_once(' ').map_or("", |(_, rest)| rest).trim();
    }
    rest.trim()
}

fn is_spaced(folded: &str, hit: Hit<Says>) -> bool {
    folded.get(hit.start..).is_some_and(|text| text.starts_with(' '))
}

/// Whether nothing but numbers stands before a place.
fn bare_start(folded: &str, at: usize) -> bool {
    folded
        .get(..at)
        .unwrap_or("")
        .split_whitespace()
        .all(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A title taken apart at its colons, dashes and brackets; parts without a letter are none.
fn segments(title: &str) -> impl Iterator<Item = &str> {
    title
        .split([':', '：', '–', '—', '|', '(', ')', '（', '）', '[', ']', '【', '】'])
        .flat_map(|part| part.split(" - "))
        .filter(|part| part.chars().any(char::is_alphabetic))
}

/// Words with hyphens as one.
fn joined(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    let mut chars = title.chars().peekable();
    while let Some(c) = chars.next() {
        let inside =
            out.ends_with(char::is_alphanumeric) && chars.peek().is_some_and(|next| next.is_alphanumeric());
        if !(inside && matches!(c, '-' | '‐' | '‑' | '_')) {
            out.push(c);
        }
    }
    out
}

fn table() -> &'static Phrases<Says> {
    static TABLE: OnceLock<Phrases<Says>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(ROWS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Titles in which a word of the table stands for something else: none of them may keep a section from a run.
    const WALKED: &[&str] = &[
        // English
        "Deploy the background worker",
        "Create AWS resources",
        "Build for ARM architecture",
        "3. Build for the right architecture:",
        "6. Architecture Mismatch (exec format error)",
        "Deploy notes-service",
        "notes-service",
        "Contacts API",
        "Links service",
        "Update the contacts service",
        "Cost service rollout",
        "Deploy the questions app",
        "Push the FAQ image",
        "Configure the reference data job",
        "Reference data import",
        "Enable the summary worker",
        "Run the background jobs migration",
        "2. Resources",
        "Step 4: Background",
        "Step 3: Enable the circuit breaker with automatic rollback",
        "Configure automatic rollback",
        "Add rollback alarms",
        "Rollback alarms",
        "Rolling update without rollback",
        "Migrate the escalation policies",
        "Fix known issues",
        // German
        "Hintergrunddienst ausrollen",
        "Ressourcen und Architektur anlegen",
        "Schritt 2: Kosten-Dienst",
        "Dienst für Kosten",
        "Architektur bauen",
        "Automatisches Rollback aktivieren",
        "Deployment mit automatischem Rollback",
        // French
        "Déployer le service de contacts",
        "Créer le contexte Docker",
        "Service des coûts",
        "Étape 3 : Contexte",
        "Réduire les coûts",
        "Activer le rollback automatique",
        // Spanish
        "Desplegar el servicio de contactos",
        "Crear la arquitectura",
        "Servicio de preguntas",
        "Actualizar el índice",
        "Habilitar el rollback automático",
        // Portuguese
        "Implantar o serviço de contatos",
        "Criar o contexto",
        "Serviço de perguntas",
        // Italian
        "Distribuire il servizio contatti",
        "Creare l'architettura",
        "Servizio di riferimenti",
        // Dutch
        "Architectuur uitrollen",
        "Dienst voor vragen",
        // Polish
        "Wdrożyć kontakty",
        "Utwórz kontekst",
        "Skonfiguruj automatyczny rollback",
        // Czech
        "Nasadit přehled",
        "Vytvořit obsah",
        // Russian
        "Развернуть приложение",
        "Запуск приложения",
        "Собрать приложение",
        "Создать архитектуру",
        "Обновить контакты",
        "Включить автоматический откат",
        // Ukrainian
        "Розгорнути додаток",
        "Зібрати додаток",
        "Оновити контакти",
        "Увімкнути автоматичний відкат",
        // Turkish
        "ECR'ye giriş",
        "Ek servis",
        "Ek servisleri dağıt",
        "Maliyet servisi",
        "Mimari oluştur",
        // Swedish, Danish
        "Skapa översikt",
        "Opret oversigt",
        // Japanese
        "バックグラウンドワーカーのデプロイ",
        "背景ワーカー",
        "ARMアーキテクチャ用にビルド",
        "参考サービス",
        "自動ロールバックを有効化",
        "手順3：概要",
        // Chinese
        "部署基础架构",
        "基础架构",
        "創建架構",
        "背景任务",
        "更新目录",
        "步骤三：架构",
        // Korean
        "배경 작업 배포",
        "ARM 아키텍처용 빌드",
        "비용 서비스",
        "질문 서비스 배포",
    ];

    /// What is looked up, or goes back, as the title says it.
    const NOT_WALKED: &[(&str, Role)] = &[
        ("Additional resources", Role::Reference),
        ("Commands Reference", Role::Reference),
        ("Architecture overview", Role::Reference),
        ("System architecture", Role::Reference),
        ("Related links", Role::Reference),
        ("🏗️ Architecture Notes", Role::Reference),
        ("Notes: what we saw", Role::Reference),
        ("Cost breakdown", Role::Reference),
        ("Estimated costs per month", Role::Reference),
        ("Appendix A: commands", Role::Reference),
        ("8. Troubleshooting", Role::Reference),
        ("Troubleshooting the deployment", Role::Reference),
        ("My App – Troubleshooting", Role::Reference),
        ("Known issues when deploying", Role::Reference),
        ("Contacts & escalation", Role::Reference),
        ("Kosten pro Monat", Role::Reference),
        ("Bekannte Probleme", Role::Reference),
        ("Architecture", Role::Reference),
        ("Arquitectura del sistema", Role::Reference),
        ("Vue d'ensemble", Role::Reference),
        ("Coûts estimés", Role::Reference),
        ("Custos mensais", Role::Reference),
        ("Domande aperte", Role::Reference),
        ("Bekende problemen", Role::Reference),
        ("Znane problemy", Role::Reference),
        ("Přehled", Role::Reference),
        ("Приложение", Role::Reference),
        ("Приложение А", Role::Reference),
        ("Стоимость инфраструктуры", Role::Reference),
        ("Додаток 1", Role::Reference),
        ("Giriş", Role::Reference),
        ("Sorun giderme", Role::Reference),
        ("コスト見積もり", Role::Reference),
        ("システムアーキテクチャ", Role::Reference),
        ("成本估算", Role::Reference),
        ("系统架构", Role::Reference),
        ("참고 자료", Role::Reference),
        ("예상 비용", Role::Reference),
        ("Step 9: Rollback", Role::Rollback),
        ("Emergency rollback", Role::Rollback),
        ("Roll back the service", Role::Rollback),
        ("Steps for rollback", Role::Rollback),
        ("Deploy the previous version (rollback)", Role::Rollback),
        ("Plan du rollback", Role::Rollback),
        ("План отката", Role::Rollback),
    ];

    #[test]
    fn near_misses_are_walked() {
        let kept: Vec<_> = WALKED
            .iter()
            .filter(|title| matches!(role_of(title), Some(Role::Rollback | Role::Reference)))
            .collect();
        assert!(kept.is_empty(), "these would not be walked: {kept:#?}");
        let lost: Vec<_> = NOT_WALKED
            .iter()
            .filter_map(|(title, role)| {
                Some((title, role_of(title))).filter(|(_, found)| *found != Some(*role))
            })
            .collect();
        assert!(lost.is_empty(), "these say something else: {lost:#?}");
    }

    #[test]
    fn roles_in_many_languages() {
        for (title, role) in [
            ("Rollback Plan 🔴", Some(Role::Rollback)),
            ("Verify the rollback", Some(Role::Rollback)),
            ("Rückfallplan", Some(Role::Rollback)),
            ("Plan de retour arrière", Some(Role::Rollback)),
            ("Prérequis", Some(Role::Before)),
            ("Откат", Some(Role::Rollback)),
            ("Проверка", Some(Role::Verify)),
            ("План відкату", Some(Role::Rollback)),
            ("切り戻し手順", Some(Role::Rollback)),
            ("部署前检查", Some(Role::Before)),
            ("回滾步驟", Some(Role::Rollback)),
            ("배포 전 확인", Some(Role::Before)),
            ("Geri alma planı", Some(Role::Rollback)),
            ("Lições aprendidas", Some(Role::Reference)),
            ("Próximos passos", Some(Role::After)),
            ("Sprawdzenie usługi", Some(Role::Verify)),
            ("Reversible migrations", None),
            ("Deploy the API", None),
        ] {
            assert_eq!(role_of(title), role, "{title}");
        }
    }
}
