//! Labels and what stands after them: "**Risk Level**: medium", "Compte AWS : …", "| 状態 | 完了 |".

use super::fold::{Phrases, fold};
use super::written::{Run, Style, extent, plain};
use crate::Span;
use std::sync::OnceLock;

/// What a label is about. In order of precedence: "Estimated rollback time" is about the rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Label {
    Checkpoint,
    Expected,
    RollbackTime,
    Updated,
    Estimate,
    Risk,
    Alias,
    Account,
    Region,
    Profile,
    Date,
    Author,
    Version,
    Environment,
    Status,
    Service,
    Cause,
    Fix,
    Problem,
    Lesson,
    Pros,
    Cons,
    Recommended,
    Rejected,
    Question,
    Criterion,
    Exposure,
    Url,
    Cost,
}

/// A label with its value.
#[derive(Debug, Clone)]
pub(crate) struct LabelSaid {
    pub(crate) label: Option<Label>,
    /// The words before the colon.
    pub(crate) words: String,
    /// What stands after it on its line, without marks of Markdown.
    pub(crate) value: String,
    /// The line.
    pub(crate) span: Span,
    /// The value.
    pub(crate) value_span: Span,
}

/// What a label is about, if its words are known.
pub(crate) fn of(words: &str) -> Option<Label> {
    if words.len() > 80 {
        return None;
    }
    let folded = fold(words);
    if folded.split_whitespace().count() > 6 {
        return None;
    }
    // The longest phrase says most: "expected duration" is no expectation.
    let longest = table().hits(&folded).min_by_key(|hit| (usize::MAX - (hit.end - hit.start), hit.meaning));
    longest.map(|hit| hit.meaning)
}

/// Whether the words are hardly more than that label: the title of a column.
pub(crate) fn exactly(words: &str, label: Label) -> bool {
    fold(words).split_whitespace().count() <= 2 && of(words) == Some(label)
}

/// The label that plain words begin with.
pub(crate) fn of_line(text: &str) -> Option<Label> {
    text.split_once([':', '：']).and_then(|(words, _)| of(words))
}

/// The label at the start of a line, bold or plain, and its value.
pub(crate) fn line(runs: &[Run]) -> Option<LabelSaid> {
    let lead = runs.iter().position(|run| run.text.chars().any(char::is_alphanumeric))?;
    let runs = runs.get(lead..)?;
    let first = runs.first()?;
    let span = extent(runs);
    let bold = first.style == Style::Strong;
    if !bold && first.style != Style::Plain {
        return None;
    }
    let colon = first.text.find([':', '：']);
    let (words, inner) = match colon {
        Some(at) => {
            let after = first.text.get(at..)?.chars().next().map_or(1, char::len_utf8);
            // "https://…" is no label, nor is "12:30".
            let rest = first.text.get(at + after..)?;
            if rest.starts_with("//")
                || (rest.starts_with(|c: char| c.is_ascii_digit())
                    && first.text.get(..at)?.ends_with(|c: char| c.is_ascii_digit()))
            {
                return None;
            }
            (first.text.get(..at)?, Some((at + after, rest)))
        }
        None if bold => (first.text.as_str(), None),
        None => return None,
    };
    let rest = runs.get(1..)?;
    let (value, start) = match inner {
        Some((at, inside)) => {
            let whole = format!("{inside}{}", plain(rest));
            let skipped = inside.len() - inside.trim_start().len();
            let start = if inside.trim().is_empty() {
                rest.first().map_or(first.span.end, |run| run.span.start)
            } else {
                (first.span.start + at + skipped).min(first.span.end)
            };
            (whole, start)
        }
        None => {
            let after = plain(rest);
            let mut trimmed = after.trim_start().chars();
            if !matches!(trimmed.next(), Some(':' | '：' | '–' | '—' | '-')) {
                return None;
            }
            (trimmed.as_str().to_owned(), rest.first().map_or(first.span.end, |run| run.span.start))
        }
    };
    let words = words.trim().trim_matches(['*', '_', '-', '•', '`', ' ']);
    if words.is_empty()
        || (!bold && (words.chars().count() > 40 || words.contains(['.', '`', '/', '$', '='])))
    {
        return None;
    }
    let value = value.trim().to_owned();
    let value_span = Span { start: start.min(span.end), end: span.end };
    Some(LabelSaid { label: of(words), words: words.to_owned(), value, span, value_span })
}

fn table() -> &'static Phrases<Label> {
    static TABLE: OnceLock<Phrases<Label>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(ROWS))
}

const ROWS: &[(Label, &str)] = &[
    (
        Label::Checkpoint,
        " checkpoint | check point | prüfpunkt | kontrollpunkt | point de contrôle | punto de control | ponto de controle \
     | punto di controllo | controlepunt | punkt kontrolny | контрольная точка | контрольна точка | kontrol noktası |チェックポイント|检查点|檢查點|체크포인트",
    ),
    (
        Label::Expected,
        " expected | expected output | expect | should see | you should see | should return | sample output | output \
     | erwartet | erwartete | erwartetes | ausgabe | attendu | attendue | résultat attendu | sortie attendue | esperado | esperada \
     | salida | saída | atteso | attesa | uscita | verwacht | verwachte | uitvoer | oczekiwany | oczekiwane | oczekiwana | wynik \
     | očekávaný | ожидаемый | ожидаемое | ожидается | вывод | очікуваний | очікується | beklenen | çıktı | förväntat \
     |期待される|期待結果|期待値|想定結果|出力例|実行結果|预期|預期|期望|输出示例|기대|예상",
    ),
    (
        Label::RollbackTime,
        " rollback time | time to roll back | rollback duration | rollback estimate | rollback dauer | rollback zeit \
     | dauer des rollbacks | durée du rollback | temps de retour arrière | temps de rollback | durée du retour arrière \
     | tiempo de rollback | tiempo de reversión | tempo de rollback | tempo di rollback | tempo di ripristino | rollbacktijd | rollback tijd \
     | czas wycofania | czas rollbacku | время отката | час відкату | geri alma süresi |ロールバック時間|切り戻し時間|回滚时间|回滾時間|롤백 시간",
    ),
    (
        Label::Updated,
        " updated | last updated | last modified | modified | last change | last revised | aktualisiert | zuletzt geändert | geändert \
     | mis à jour | dernière mise à jour | mise à jour | actualizado | última actualización | atualizado | última atualização | aggiornato \
     | ultimo aggiornamento | bijgewerkt | laatst bijgewerkt | zaktualizowano | ostatnia aktualizacja | aktualizováno | обновлено \
     | последнее обновление | оновлено | останнє оновлення | güncellendi | son güncelleme | güncelleme | uppdaterad |更新日|最終更新|更新时间|更新時間|更新日期|最后更新|최종 수정|업데이트|수정일",
    ),
    (
        Label::Estimate,
        " estimate | estimated time | estimated duration | duration | time estimate | expected duration | total time | total duration \
     | total remaining | time required | deployment time | eta | takes | geschätzte dauer | dauer | zeitaufwand | zeitbedarf | durée | durée estimée \
     | temps estimé | duración | tiempo estimado | duração | tempo estimado | durata | durata stimata | tempo stimato | duur | geschatte duur \
     | geschatte tijd | czas trwania | szacowany czas | odhadovaný čas | doba trvání | длительность | время выполнения | оценка времени \
     | продолжительность | ожидаемое время | тривалість | орієнтовний час | süre | tahmini süre | beräknad tid \
     |所要時間|予定時間|見積|作業時間|预计时间|預計時間|预计耗时|預計耗時|预估时间|耗时|耗時|时长|時長|예상 시간|소요 시간|예상 소요",
    ),
    (
        Label::Risk,
        " risk | risk level | severity of risk | risiko | risikostufe | risque | niveau de risque | riesgo | nivel de riesgo | risco \
     | nível de risco | rischio | livello di rischio | risico | ryzyko | poziom ryzyka | riziko | риск | уровень риска | ризик | рівень ризику \
     | risk seviyesi |リスク|风险|風險|위험",
    ),
    (
        Label::Alias,
        " account alias | account name | kontoname | nom du compte | nombre de la cuenta | nome da conta |アカウント名|账户名|帳戶名|계정 이름",
    ),
    (
        Label::Account,
        " account | accounts | account id | aws account | account number | konto | aws konto | kontonummer | compte | compte aws \
     | cuenta | cuenta aws | conta | conta aws | account aws | rekening | konto aws | účet | аккаунт | учётная запись | учетная запись \
     | акаунт | обліковий запис | hesap | aws hesabı | hesap numarası |アカウント|账号|帳號|账户|帳戶|계정",
    ),
    (
        Label::Region,
        " region | regions | aws region | région | región | região | regione | regio | регион | регіон | bölge \
     |リージョン|区域|區域|地区|리전",
    ),
    (
        Label::Profile,
        " profile | aws profile | profil | perfil | profilo | profiel | профиль | профіль |プロファイル|配置文件|프로필|프로파일",
    ),
    (
        Label::Date,
        " date | date created | created | scheduled | deployment date | planned date | when | datum | erstellt | erstellt am | créé le \
     | fecha | creado | data | criado | creato | aangemaakt | utworzono | data utworzenia | vytvořeno | дата | создано | створено | tarih \
     | oluşturulma |日付|作成日|実施日|作業日|リリース日|日期|创建时间|建立時間|날짜|작성일|배포일",
    ),
    (
        Label::Author,
        " author | authors | owner | prepared by | written by | created by | contact | responsible | deployer | operator | autor | autorin | verfasser \
     | verantwortlich | besitzer | auteur | responsable | autora | propietario | responsável | autore | responsabile | eigenaar \
     | verantwoordelijke | właściciel | odpowiedzialny | автор | владелец | ответственный | власник | відповідальний | yazar | sorumlu \
     | hazırlayan |作成者|担当|責任者|作者|负责人|負責人|작성자|담당자",
    ),
    (
        Label::Version,
        " version | release | tag | image tag | git sha | build | versión | versão | versione | versie | wersja | verze | версия | релиз \
     | версія | реліз | sürüm |バージョン|版本|버전",
    ),
    (
        Label::Environment,
        " environment | env | target environment | umgebung | environnement | entorno | ambiente | omgeving | środowisko | prostředí \
     | окружение | среда | середовище | оточення | ortam | miljö | miljø |環境|环境|환경",
    ),
    (
        Label::Status,
        " status | state | current status | deployment status | progress | stand | zustand | fortschritt | statut | état | avancement \
     | estado | situación | situação | stato | voortgang | stan | stav | статус | состояние | прогресс | стан | durum | tillstånd \
     |状態|状況|進捗|ステータス|状态|狀態|进度|進度|상태|진행 상황|진행상황",
    ),
    (
        Label::Service,
        " service | services | component | dienst | dienste | komponente | servicio | serviço | servizio | onderdeel | usługa | služba \
     | сервис | служба | компонент | сервіс | servis | bileşen | tjänst |サービス|服务|服務|서비스",
    ),
    (
        Label::Cause,
        " cause | root cause | reason | why | why this happened | ursache | grund | causa | motivo | razón | oorzaak | reden | przyczyna | příčina \
     | причина | neden | sebep | orsak | årsag |原因|원인",
    ),
    (
        Label::Fix,
        " fix | fixed | solution | solutions | resolution | remedy | workaround | action | lösung | behebung | abhilfe | maßnahme | correctif | correction \
     | résolution | solución | corrección | solução | correção | soluzione | rimedio | oplossing | rozwiązanie | řešení | решение | исправление \
     | действие | рішення | виправлення | çözüm | lösning |対処|対策|解決|対応|解决|解決|修复|修復|处理方法|處理方法|해결|조치",
    ),
    (
        Label::Problem,
        " problem | issue | error | error message | symptom | symptoms | fehler | problème | erreur | symptôme | symptômes | problema | síntoma | síntomas \
     | erro | sintoma | sintomas | errore | sintomi | probleem | fout | symptoom | objaw | objawy | błąd | problém | chyba | проблема | ошибка \
     | симптом | симптомы | помилка | симптоми | sorun | hata | belirti | fel |問題|症状|エラー|现象|問題|问题|错误|錯誤|문제|증상|오류",
    ),
    (
        Label::Lesson,
        " lesson | lessons | lesson learned | takeaway | key takeaway | learning | learnings | lektion | erkenntnis | lehre | leçon | enseignement | lección \
     | aprendizaje | lição | aprendizado | lezione | insegnamento | geleerd | wniosek | lekcja | poučení | урок | вывод | висновок | ders | lärdom \
     |教訓|学び|经验|經驗|教训|교훈",
    ),
    (
        Label::Pros,
        " pros | advantages | benefits | vorteile | vorteil | avantages | pour | ventajas | vantagens | vantaggi | voordelen | zalety | výhody | плюсы \
     | преимущества | переваги | плюси | artıları | avantajlar | fördelar |利点|メリット|长处|优点|優點|장점",
    ),
    (
        Label::Cons,
        " cons | disadvantages | drawbacks | nachteile | nachteil | inconvénients | contre | desventajas | contras | desvantagens | svantaggi | nadelen \
     | wady | nevýhody | минусы | недостатки | недоліки | мінуси | eksileri | dezavantajlar | nackdelar |欠点|デメリット|缺点|缺點|단점",
    ),
    (
        Label::Recommended,
        " recommended | recommendation | preferred | chosen | decision | empfohlen | empfehlung | recommandé | recommandation | recomendado | recomendada \
     | recomendación | recomendação | consigliato | raccomandato | aanbevolen | zalecane | zalecany | doporučeno | рекомендуется | рекомендация | рекомендовано \
     | önerilen | rekommenderas |推奨|おすすめ|推荐|推薦|권장|추천",
    ),
    (
        Label::Rejected,
        " rejected | not recommended | discarded | turned down | dismissed | abgelehnt | verworfen | nicht empfohlen | rejeté | rejetée | écarté | écartée | rechazado | rechazada \
     | descartado | descartada | rejeitado | rejeitada | scartato | scartata | respinto | afgewezen | odrzucone | odrzucony | zamítnuto | отклонено | отклонён | отвергнуто \
     | відхилено | reddedildi | avvisad |却下|不採用|否决|否決|拒绝|不采用|기각|거부",
    ),
    (
        Label::Question,
        " question | open question | to discuss | frage | offene frage | pregunta | pergunta | domanda | vraag | pytanie | otázka | вопрос | питання | soru |質問|問い|疑问|질문",
    ),
    (
        Label::Criterion,
        " success criteria | acceptance criteria | successful if | deployment successful if | success if | done when | erfolgskriterien | critères de succès | criterios de éxito \
     | critérios de sucesso | criteri di successo | succescriteria | kryteria sukcesu | критерии успеха | критерії успіху | başarı kriterleri |成功基準|完了条件|成功标准|成功標準|성공 기준|완료 기준",
    ),
    (
        Label::Exposure,
        " exposure | access | visibility | network | scope | zugriff | erreichbar | exposition | acceso | acesso | accesso | toegang | dostęp | доступ | erişim |公開範囲|公開|访问|訪問|접근|공개",
    ),
    (
        Label::Url,
        " url | urls | endpoint | address | host | link | adresse | dirección | endereço | indirizzo | adres | адрес | адреса |エンドポイント|地址|주소|엔드포인트",
    ),
    (
        Label::Cost,
        " cost | costs | price | monthly | kosten | preis | coût | prix | costo | coste | precio | custo | preço | prezzo | prijs | koszt | cena | стоимость | цена | вартість | ціна \
     | maliyet | fiyat |費用|料金|コスト|价格|價格|成本|비용|요금",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_in_many_languages() {
        for (words, label) in [
            ("AWS Account", Some(Label::Account)),
            ("Estimated Rollback Time", Some(Label::RollbackTime)),
            ("Estimated Time", Some(Label::Estimate)),
            ("Date Created", Some(Label::Date)),
            ("Compte AWS", Some(Label::Account)),
            ("Geschätzte Dauer", Some(Label::Estimate)),
            ("Région", Some(Label::Region)),
            ("Уровень риска", Some(Label::Risk)),
            ("所要時間", Some(Label::Estimate)),
            ("状态", Some(Label::Status)),
            ("Root Cause Chain", Some(Label::Cause)),
            ("Note", None),
        ] {
            assert_eq!(of(words), label, "{words}");
        }
    }
}
