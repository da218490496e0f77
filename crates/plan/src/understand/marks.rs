//! Statuses in any dress: boxes, symbols, words in a cell, a heading, an item or after a label.

use super::fold::{Hit, Phrases, fold};
use super::labels::{self, Label};
use super::written::{Item, Node, Table, Written};
use super::{Mark, MarkAt, Understanding, colours, number, role_of};
use crate::Span;
use crate::document::{Heading, Part};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The status that a value says: a cell, or what stands after "Status:". Words win over symbols ("✅ READY" is ready), the
/// first word over later ones.
pub(crate) fn of(text: &str) -> Option<Mark> {
    let folded = fold(text);
    if CONDITIONS.iter().any(|lead| folded.starts_with(lead)) {
        return None;
    }
    boxed(text).or_else(|| percent(text)).or_else(|| word(&folded)).or_else(|| text.chars().find_map(symbol))
}

/// The status that a title or an item bears: at its end, in brackets, in capitals, or as a symbol. A status word in the
/// midst of a sentence is part of the sentence.
pub(crate) fn in_heading(title: &str) -> Option<Mark> {
    if let Some(mark) = boxed(title) {
        return Some(mark);
    }
    // "Infrastructure: 80% complete".
    let part = percent(title).filter(|_| word(&fold(title)) == Some(Mark::Done));
    if let Some(mark) = part.or_else(|| tail(title)).or_else(|| capitals(title)) {
        return Some(mark);
    }
    let trimmed = title.trim_end_matches(['\u{fe0f}', ' ', ')', ']']);
    let found: Vec<(usize, Mark)> = symbols(title).collect();
    if found.is_empty() {
        return None;
    }
    // "Rollback Plan 🔴" is adorned; "Step 2 🔴" and "Roll out 🔴" went wrong.
    let telling = number(title).is_some() || role_of(title).is_none();
    if let Some((at, mark)) = found.last()
        && telling
        && *at > 0
        && trimmed.get(*at..).is_some_and(|rest| rest.chars().count() == 1)
    {
        return Some(*mark);
    }
    let (_, mark) = found.first().filter(|(at, _)| *at == 0)?;
    // "✅ Success criteria" is adorned, "✅ Deployment completed" is done.
    (number(title).is_some() || (role_of(title).is_none() && word(&fold(title)).is_some())).then_some(*mark)
}

/// The status that an item of a list bears.
pub(crate) fn of_item(text: &str) -> Option<Mark> {
    boxed(text)
        .or_else(|| tail(text))
        .or_else(|| capitals(text))
        .or_else(|| leading(text).map(|symbol| bracketed(text).unwrap_or(symbol)))
        .or_else(|| in_heading(text))
}

/// "⏭️ Admin service (ready to deploy)": what the brackets begin with says what the symbol means.
fn bracketed(text: &str) -> Option<Mark> {
    text.match_indices(['(', '（']).find_map(|(at, bracket)| {
        let folded = fold(text.get(at + bracket.len()..)?);
        first(&folded).filter(|(hit, _)| hit.start <= 1).and_then(|(_, mark)| mark)
    })
}

/// The column of a table that tells statuses: by its title in any language of the table, else by its cells.
pub(crate) fn status_column<'t>(
    header: &[String],
    rows: impl Iterator<Item = &'t [String]> + Clone,
) -> Option<usize> {
    if let Some(at) = header.iter().position(|name| labels::exactly(name, Label::Status)) {
        return Some(at);
    }
    (0..header.len()).find(|column| {
        let cells = rows.clone().filter_map(|row| row.get(*column)).filter(|cell| !cell.trim().is_empty());
        let (mut all, mut marked, mut telling) = (0, 0, 0);
        for cell in cells {
            all += 1;
            let short = cell.split_whitespace().count() <= 4
                && !colours::is_named(cell.trim())
                && !cell.trim().starts_with(|c: char| c.is_ascii_digit());
            if short && of(cell).is_some() {
                marked += 1;
                // A tick alone may say "supported"; a word, or a symbol for "at it", says a status.
                telling += usize::from(
                    word(&fold(cell)).is_some() || !matches!(of(cell), Some(Mark::Done | Mark::Failed)),
                );
            }
        }
        marked >= 2 && telling >= 1 && marked * 3 >= all * 2
    })
}

/// Statuses of headings, rows, items and status lines.
pub(super) fn read(written: &Written, parts: &[Part], found: &mut Understanding) {
    let headings: HashMap<Span, &Heading> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Heading(heading) => Some((heading.span, heading)),
            Part::Fence(_) | Part::Task(_) | Part::Row(_) | Part::Comment(_) => None,
        })
        .collect();
    for section in &found.sections {
        let mark = match headings.get(&section.heading).filter(|heading| heading.title == section.title) {
            Some(heading) => heading.mark(),
            None => in_heading(&section.title),
        };
        if let Some(mark) = mark {
            found.marks.push(MarkAt { span: section.heading, mark, text: bare(&section.title) });
        }
    }
    for node in &written.nodes {
        match node {
            Node::Table(table) => rows(table, &mut found.marks),
            Node::Text(text) => {
                for said in text.labels.iter().filter(|said| said.label == Some(Label::Status)) {
                    if let Some(mark) = of(&said.value) {
                        let about = written.heading_before(text.span.start).unwrap_or_default();
                        found.marks.push(MarkAt { span: said.span, mark, text: bare(about) });
                    }
                }
            }
            Node::Heading(_) | Node::Code(_) => {}
        }
    }
    items(written, &mut found.marks);
    found.marks.sort_by_key(|mark| (mark.span.start, mark.span.end));
    found.marks.dedup_by(|later, earlier| later.span == earlier.span);
}

/// The words of a title without its symbols and without a status at its end.
pub(crate) fn bare(title: &str) -> String {
    let title = match boxed(title) {
        Some(_) => title.split_once(']').map_or(title, |(_, rest)| rest),
        None => title,
    };
    let kept: String = title.chars().filter(|c| symbol(*c).is_none() && *c != '\u{fe0f}').collect();
    crate::document::words(kept.trim_matches(|c: char| c.is_whitespace() || c == '*' || c == ':'))
}

fn rows(table: &Table, marks: &mut Vec<MarkAt>) {
    let Some(column) = status_column(&table.header, table.rows.iter().map(|row| row.cells.as_slice())) else {
        return;
    };
    for row in &table.rows {
        let Some(mark) = row.cells.get(column).and_then(|cell| of(cell)) else { continue };
        let others = row.cells.iter().enumerate().filter(|(at, _)| *at != column).map(|(_, cell)| bare(cell));
        let text =
            others.filter(|cell| cell.chars().any(char::is_alphanumeric)).collect::<Vec<_>>().join(" · ");
        marks.push(MarkAt { span: row.span, mark, text });
    }
}

fn items(written: &Written, marks: &mut Vec<MarkAt>) {
    let mut from = 0;
    while let Some(first) = written.items.get(from) {
        let list: Vec<&Item> =
            written.items.iter().skip(from).take_while(|item| item.list == first.list).collect();
        from += list.len().max(1);
        // A list with ticks and crosses weighs something; it tells no progress, unless its heading says so.
        let crossed = list.iter().any(|item| leading(&item.text) == Some(Mark::Failed));
        let title = written.heading_before(first.span.start).unwrap_or("");
        let (telling, praising) = (progress().any(title), praise().any(title));
        for item in list {
            let mark = match item.task {
                Some(done) => Some(if done { Mark::Done } else { Mark::Pending }),
                // The label of the line says it, and is read as such.
                None if labels::of_line(&item.text) == Some(Label::Status) => None,
                None if praising || (crossed && !telling) => tail(&item.text),
                None => of_item(&item.text),
            };
            if let Some(mark) = mark.filter(|_| !item.text.is_empty()) {
                marks.push(MarkAt { span: item.span, mark, text: bare(&item.text) });
            }
        }
    }
}

/// `[x]`, `[ ]`, `[-]`, `[~]`, `[/]`, `[!]` at the start.
fn boxed(text: &str) -> Option<Mark> {
    let rest = text.trim_start_matches(['-', '*', ' ']).strip_prefix('[')?;
    let mut chars = rest.chars();
    let mark = match chars.next()? {
        'x' | 'X' | '✓' | '✔' | '✅' => Mark::Done,
        ' ' => Mark::Pending,
        '-' => Mark::Skipped,
        '~' | '/' => Mark::InProgress,
        '!' => Mark::Blocked,
        _ => return None,
    };
    chars.as_str().starts_with(']').then_some(mark)
}

/// "100 %", "80% complete".
fn percent(text: &str) -> Option<Mark> {
    let at = text.find(['%', '％'])?;
    let before = text.get(..at)?.trim_end();
    let digits = before
        .get(before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |last| last + last_len(before, last))..)?;
    match digits.parse::<u32>().ok()? {
        0 => Some(Mark::Pending),
        100 => Some(Mark::Done),
        part if part < 100 => Some(Mark::InProgress),
        _ => None,
    }
}

fn last_len(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

/// The status of the first status word, its negation minded.
fn word(folded: &str) -> Option<Mark> {
    first(folded).and_then(|(hit, mark)| mark.map(|mark| (hit, mark))).map(|(_, mark)| mark)
}

/// The first phrase (the longest at its place) and what it means there; `None` if it is denied and says nothing then.
fn first(folded: &str) -> Option<(Hit<Mark>, Option<Mark>)> {
    let hit = words().hits(folded).min_by_key(|hit| (hit.start, usize::MAX - hit.end))?;
    // A longer phrase that begins earlier may end later: "not started" has been taken whole by the order above.
    let before = folded.get(..hit.start + 1).unwrap_or("");
    let near: Vec<&str> = before.split_whitespace().rev().take(3).collect();
    let denied = near.iter().any(|word| NOT.contains(word)) || after_denied(folded, hit.end);
    let later = near.windows(2).any(|pair| matches!(pair, ["be", "to"])) || near.contains(&"until");
    let mark = match hit.meaning {
        Mark::Done if denied || later => Some(Mark::Pending),
        Mark::Ready if denied => Some(Mark::Pending),
        mark @ (Mark::Done
        | Mark::Ready
        | Mark::Pending
        | Mark::InProgress
        | Mark::Failed
        | Mark::Blocked
        | Mark::Skipped
        | Mark::Manual) => (!denied).then_some(mark),
    };
    Some((hit, mark))
}

/// Turkish and Japanese deny behind the word.
fn after_denied(folded: &str, end: usize) -> bool {
    let after = folded.get(end..).unwrap_or("").trim_start();
    ["degil", "していない", "しない", "ではない", "되지 않", "하지 않"]
        .iter()
        .any(|word| after.starts_with(word))
}

/// A status that stands alone at the end: after a dash, a colon, in brackets.
fn tail(title: &str) -> Option<Mark> {
    let starts = title.char_indices().filter_map(|(at, c)| {
        let next = at + c.len_utf8();
        let dash =
            matches!(c, '-' | '–' | '—') && title.get(..at).is_some_and(|before| before.ends_with(' '));
        (dash || matches!(c, ':' | '：' | '(' | '[' | '（' | '【' | '|' | '→') || symbol(c).is_some())
            .then_some(next)
    });
    starts.filter_map(|at| title.get(at..)).find_map(|segment| {
        let folded = fold(segment.trim_start_matches(|c: char| !c.is_alphanumeric()));
        let (hit, mark) = first(&folded)?;
        let rest = folded.get(hit.end..)?.trim_start();
        // "not done" begins with its negation.
        let leads =
            folded.get(..hit.start)?.split_whitespace().all(|word| NOT.contains(&word) || word == "yet");
        let ends = rest.is_empty()
            || rest.starts_with(|c: char| c.is_ascii_digit())
            || [
                "on", "by", "at", "am", "le", "el", "since", "until", "for", "in", "eta", "von", "par", "por",
            ]
            .contains(&rest.split(' ').next().unwrap_or(""))
            || mark_then_comma(segment);
        mark.filter(|_| leads && ends)
    })
}

/// "done, see the log": the status ends at a comma.
fn mark_then_comma(segment: &str) -> bool {
    let head = segment.split([',', ';', ')', ']', '）', '】', '.', '!']).next().unwrap_or("");
    let folded = fold(head);
    head.len() < segment.len()
        && first(&folded)
            .is_some_and(|(hit, _)| folded.get(hit.end..).is_some_and(|rest| rest.trim().is_empty()))
}

/// A status in capitals inside a title that is not all capitals: "Stage 2 IN PROGRESS".
fn capitals(title: &str) -> Option<Mark> {
    // `CREATE_FAILED` is a name and says nothing about the heading.
    let loud: Vec<&str> = title
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || c == '/'))
        .collect();
    let quiet = loud.iter().any(|word| word.chars().any(char::is_lowercase));
    let capital: Vec<&str> = loud
        .into_iter()
        .filter(|word| word.len() > 1 && word.chars().all(|c| c.is_uppercase() || c == '/'))
        .collect();
    if !quiet || capital.is_empty() {
        return None;
    }
    word(&fold(&capital.join(" ")))
}

/// The status of a symbol at the start.
fn leading(text: &str) -> Option<Mark> {
    symbol(text.chars().next()?).filter(|_| !colours::is_named(text))
}

fn symbols(text: &str) -> impl Iterator<Item = (usize, Mark)> + '_ {
    text.char_indices()
        .filter_map(|(at, c)| symbol(c).map(|mark| (at, mark)))
        .filter(|(at, _)| !colours::is_named(text.get(*at..).unwrap_or("")))
}

fn symbol(c: char) -> Option<Mark> {
    match c {
        '✅' | '☑' | '✔' | '✓' | '🟢' | '🆗' | '💚' | '🗹' => Some(Mark::Done),
        '❌' | '✗' | '✘' | '✖' | '🔴' | '☒' | '❎' => Some(Mark::Failed),
        '🟡' | '🔄' | '🚧' | '🏗' | '🔃' | '🔁' | '🟠' | '🔵' | '▶' => {
            Some(Mark::InProgress)
        }
        '⏳' | '⌛' | '☐' | '⬜' | '◻' | '🔲' | '⚪' | '⭕' | '🕐' | '⏰' | '🕒' | '🗓' => {
            Some(Mark::Pending)
        }
        '⏸' | '⛔' | '🛑' | '🚫' | '✋' => Some(Mark::Blocked),
        '⏭' | '⏩' => Some(Mark::Skipped),
        _ => None,
    }
}

fn words() -> &'static Phrases<Mark> {
    static TABLE: OnceLock<Phrases<Mark>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(ROWS))
}

/// Headings over lists that tell how far things are.
fn progress() -> &'static Phrases<()> {
    static TABLE: OnceLock<Phrases<()>> = OnceLock::new();
    TABLE.get_or_init(|| {
        Phrases::new(&[(
            (),
            " status| progress | checklist| completed | done | pending | todo | to do | open items | next steps | results \
             | stand | fortschritt | état | avancement | estado | progreso | stato | voortgang | статус| прогресс| durum \
             |状況|進捗|状态|狀態|进度|進度|상태|진행| attempts | completely | accomplished ",
        )])
    })
}

/// Headings over lists of reasons, where a tick means "good".
fn praise() -> &'static Phrases<()> {
    static TABLE: OnceLock<Phrases<()>> = OnceLock::new();
    TABLE.get_or_init(|| {
        Phrases::new(&[(
            (),
            " why | benefits | advantages | reasons | pros | features | best practices | warum | vorteile | gründe | pourquoi | avantages \
             | por qué | ventajas | por que | vantagens | perché | vantaggi | waarom | voordelen | dlaczego | zalety | почему | преимущества \
             | чому | переваги | neden |なぜ|理由|利点|メリット|为什么|為什麼|优点|優點|왜 |장점",
        )])
    })
}

/// Words that turn what follows into its contrary.
const NOT: &[&str] = &[
    "not",
    "no",
    "never",
    "without",
    "t",
    "cannot",
    "nicht",
    "kein",
    "keine",
    "pas",
    "non",
    "nao",
    "sin",
    "sem",
    "senza",
    "niet",
    "geen",
    "nie",
    "не",
    "нет",
    "ні",
    "ne",
    "ikke",
    "inte",
    "incompletely",
];

/// A title or value that begins so says when, not whether.
const CONDITIONS: &[&str] = &[
    " if ",
    " when ",
    " once ",
    " after ",
    " wenn ",
    " falls ",
    " sobald ",
    " si ",
    " quand ",
    " cuando ",
    " se ",
    " если ",
    " якщо ",
];

/// English first; then German, French, Spanish, Portuguese, Italian, Dutch, Polish, Russian, Ukrainian, Turkish, and
/// those without spaces.
const ROWS: &[(Mark, &str)] = &[
    (
        Mark::Done,
        " done | completed | complete | finished | deployed | passed | pass | success | successful | successfully | ok \
         | live | verified | resolved | fixed | approved | closed | merged | shipped | released | healthy ",
    ),
    (
        Mark::Done,
        " erledigt | fertig | abgeschlossen | erfolgreich | behoben | ausgerollt | bereitgestellt | terminé | terminée \
         | fait | faite | achevé | déployé | déployée | réussi | réussie | validé | hecho | hecha | completado \
         | completada | terminado | terminada | desplegado | realizado | listo | concluído | concluída | feito | feita \
         | finalizado | finalizada | implantado | pronto | completato | completata | fatto | fatta | terminato \
         | rilasciato | klaar | voltooid | afgerond | gereed | gedaan | gotowe | zrobione | ukończone | ukończono \
         | zakończone | wdrożone | hotovo | dokončeno | готово | выполнено | завершено | сделано | развернуто | успешно \
         | виконано | зроблено | розгорнуто | tamamlandı | bitti | yapıldı | dağıtıldı | başarılı | klart | färdig \
         | ferdig | færdig |完了|済み|対応済|実施済|完成|已部署|已发布|已上线|已結束|已结束|通过|通過|成功|완료|성공|배포됨",
    ),
    (
        Mark::InProgress,
        " in progress | inprogress | ongoing | started | wip | underway | doing | partially | partial | in review \
         | in arbeit | läuft | laufend | teilweise | begonnen | en cours | partiellement | en curso | en progreso \
         | em andamento | em progresso | parcialmente | in corso | parzialmente | bezig | in uitvoering | gedeeltelijk \
         | w toku | w trakcie | częściowo | probíhá | в процессе | в работе | выполняется | частично | в процесі \
         | в роботі | виконується | частково | devam ediyor | sürüyor | kısmen | pågår | pågående | i gang \
         |進行中|対応中|作業中|実施中|进行中|處理中|处理中|部分完成|진행 중|진행중|작업 중",
    ),
    (
        Mark::Pending,
        " pending | todo | to do | not started | not yet | open | planned | scheduled | upcoming | queued | tbd | outstanding \
         | incomplete | unfinished | remaining | not done | future | draft | proposed | not run | not deployed | unresolved \
         | offen | ausstehend | geplant | noch nicht | nicht begonnen | unvollständig | en attente | à faire | prévu \
         | pas encore | incomplet | incomplète | pendiente | por hacer | planificado | aún no | incompleto | incompleta \
         | pendente | a fazer | planejado | ainda não | in attesa | da fare | pianificato | non ancora | te doen \
         | openstaand | gepland | nog niet | do zrobienia | oczekuje | oczekujące | zaplanowane | jeszcze nie | čeká \
         | ожидает | ожидается | запланировано | не начато | ещё не | еще не | не готово | не выполнено | не завершено \
         | очікує | очікується | заплановано | не розпочато | ще не | bekliyor | beklemede | planlandı | yapılacak \
         | tamamlanmadı | henüz | väntar | planerad |未着手|未対応|未実施|未完了|予定|待ち|保留|これから|未完成|未开始|未開始\
         |未部署|待办|待辦|待处理|待處理|待定|计划中|計劃中|尚未|미완료|대기|예정|시작 전|미착수|할 일",
    ),
    (
        Mark::Failed,
        " failed | failure | fail | broken | error | failing | degraded | rejected | fehlgeschlagen | gescheitert \
         | kaputt | fehler | échoué | échouée | échec | en panne | cassé | fallido | fallida | falló | fracasado \
         | falhou | falha | quebrado | fallito | fallita | rotto | mislukt | kapot | niepowodzenie | nieudane \
         | zepsute | selhalo | ошибка | провалено | неудача | не удалось | сломано | помилка | невдало | зламано \
         | başarısız | hata | misslyckad | misslyckades | fejlet |失敗|エラー|失败|失敗|错误|錯誤|실패|오류",
    ),
    (
        Mark::Blocked,
        " blocked | blocker | on hold | waiting | awaiting | paused | stuck | blockiert | wartet | pausiert | bloqué \
         | bloquée | en pause | bloqueado | bloqueada | en espera | em espera | bloccato | bloccata | in pausa \
         | geblokkeerd | wacht | zablokowane | wstrzymane | blokováno | заблокировано | приостановлено | ждёт | ждет \
         | заблоковано | призупинено | engellendi | bloke | blockerad |ブロック|中断|停止中|阻塞|受阻|暂停|暫停|차단|보류|중단",
    ),
    (
        Mark::Skipped,
        " skipped | skip | n a | not applicable | not needed | not required | cancelled | canceled | deferred | obsolete \
         | wontfix | won t fix | übersprungen | entfällt | nicht nötig | ignoré | annulé | sans objet | omitido \
         | cancelado | no aplica | não se aplica | ignorado | saltato | annullato | non applicabile | overgeslagen \
         | geannuleerd | n v t | pominięte | anulowane | nie dotyczy | přeskočeno | пропущено | отменено | не требуется \
         | не применимо | скасовано | не потрібно | atlandı | iptal | gerekli değil |スキップ|対象外|中止|不要\
         |跳过|跳過|取消|不适用|不適用|건너뜀|해당 없음|취소",
    ),
    (
        Mark::Manual,
        " manual | by hand | manually | manuell | von hand | manuel | manuelle | à la main | a mano | handmatig | ręcznie \
         | ręczne | ručně | вручную | ручной | вручну | elle | manuale | manualmente |手動|手作業|手动|手動|人工|수동",
    ),
    (
        Mark::Ready,
        " ready | prepared | bereit | prêt | prête | lista para | listo para | pronto para | pronto per | klaar voor \
         | gotowe do | připraveno | готов к | готова к | готово к | готовий до | готово до | hazır | redo | klar til \
         |準備完了|準備済|待机|就绪|就緒|准备就绪|준비 완료|준비됨",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        use Mark::*;
        for (text, mark) in [
            ("✅ DONE", Some(Done)),
            ("✅ READY", Some(Ready)),
            ("⏸️ **MANUAL**", Some(Manual)),
            ("not done", Some(Pending)),
            ("Incomplete", Some(Pending)),
            ("not yet deployed", Some(Pending)),
            ("isn't ready", Some(Pending)),
            ("to be completed", Some(Pending)),
            ("Successfully deployed to production", Some(Done)),
            ("noch nicht fertig", Some(Pending)),
            ("Nicht abgeschlossen", Some(Pending)),
            ("Terminé", Some(Done)),
            ("pas encore fait", Some(Pending)),
            ("не завершено", Some(Pending)),
            ("завершено", Some(Done)),
            ("未完了", Some(Pending)),
            ("完了", Some(Done)),
            ("進行中", Some(InProgress)),
            ("未完成", Some(Pending)),
            ("진행 중", Some(InProgress)),
            ("tamamlanmadı", Some(Pending)),
            ("N/A", Some(Skipped)),
            ("80% complete", Some(InProgress)),
            ("100 %", Some(Done)),
            ("🟡", Some(InProgress)),
            ("[~]", Some(InProgress)),
            ("no errors", None),
            ("if failed, stop", None),
            ("Discussion only", None),
            ("-", None),
        ] {
            assert_eq!(of(text), mark, "{text}");
        }
    }

    #[test]
    fn items() {
        for (text, mark) in [
            ("⏭️ Admin service (ready to deploy)", Some(Mark::Ready)),
            ("⏸️ tokens table (awaiting its creation)", Some(Mark::Blocked)),
            ("✅ Backups", Some(Mark::Done)),
            ("⏭️ Phase 4", Some(Mark::Skipped)),
            ("Restrict origins", None),
            ("🟢 Green: the new version", None),
            ("🔵 Blue: the version that serves now", None),
            ("🔵 **Bleu** : la version en service", None),
            ("🟢 Grün – neu", None),
            ("🔵 Azul", None),
            ("🟢 Зелёная среда", None),
            ("🟢 グリーン環境", None),
            ("🔵 蓝环境", None),
            ("🟢 Backups", Some(Mark::Done)),
            ("🔵 Migration of the blue database", Some(Mark::InProgress)),
            ("🟢 Blue is drained", Some(Mark::Done)),
        ] {
            assert_eq!(of_item(text), mark, "{text}");
        }
    }

    #[test]
    fn titles() {
        use Mark::*;
        for (title, mark) in [
            ("Stage 1: Infrastructure Deployment ✅ COMPLETED", Some(Done)),
            ("Stage 2: Wire up ✅ IN PROGRESS", Some(InProgress)),
            ("Stage 3: Hardening (PENDING)", Some(Pending)),
            ("Phase 1 – done", Some(Done)),
            ("Phase 1 – not done", Some(Pending)),
            ("Phase 2 (completed 2025-12-01)", Some(Done)),
            ("✅ Step 1: Build", Some(Done)),
            ("Step 2: Push ⏳", Some(Pending)),
            ("[x] Step 1", Some(Done)),
            ("ステップ1：ビルド（完了）", Some(Done)),
            ("✅ DEPLOYMENT COMPLETED", Some(Done)),
            ("✅ Success criteria", None),
            ("Rollback Plan 🔴", None),
            ("Issue: service is CREATE_FAILED", None),
            ("Infrastructure: 80% Complete", Some(InProgress)),
            ("Code: 100% Complete", Some(Done)),
            ("Step 3: Ready the database", None),
            ("Verify the deployed revision", None),
            ("⚠️ CRITICAL: images", None),
            ("Files (complete list)", None),
        ] {
            assert_eq!(in_heading(title), mark, "{title}");
        }
    }
}
