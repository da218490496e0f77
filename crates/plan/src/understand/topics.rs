//! What the parts of a plan are about that nobody walks: criteria, lessons, questions, follow-ups, troubles, costs.

use super::fold::{Phrases, fold};
use super::labels::{self, Label};
use super::written::{Node, Written};
use super::{Form, Said, SectionMeaning, Understanding, marks};
use std::sync::OnceLock;

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Criteria,
    Lessons,
    Questions,
    FollowUps,
    Troubles,
    Costs,
}

/// The topics of a plan by place.
pub(crate) struct Topics {
    /// From here on, until the next: the topic and where the section that has it begins.
    borders: Vec<(usize, Option<Topic>, bool)>,
}

impl Topics {
    pub(crate) fn new(sections: &[SectionMeaning]) -> Self {
        let mut borders = Vec::new();
        let mut open: Vec<(usize, Option<Topic>)> = Vec::new();
        for section in sections.iter().filter(|section| section.form != Form::Item) {
            while let Some((end, _)) = open.last().copied().filter(|(end, _)| *end <= section.span.start) {
                open.pop();
                borders.push((end, open.last().and_then(|(_, topic)| *topic), false));
            }
            let own = topic(&section.title);
            let topic = own.or_else(|| open.last().and_then(|(_, topic)| *topic));
            // The title of the whole plan is no topic of its parts.
            let topic = topic.filter(|_| section.level > 1 || sections.len() > 1 && !open.is_empty());
            borders.push((section.span.start, topic, own.is_some()));
            open.push((section.span.end, topic));
        }
        Self { borders }
    }

    pub(crate) fn at(&self, place: usize) -> Option<Topic> {
        self.border(place).and_then(|(_, topic, _)| topic)
    }

    /// Whether the innermost heading itself names the topic: below it, items may be of something else.
    fn own(&self, place: usize) -> bool {
        self.border(place).is_some_and(|(.., own)| own)
    }

    fn border(&self, place: usize) -> Option<(usize, Option<Topic>, bool)> {
        let index = self.borders.partition_point(|(start, ..)| *start <= place);
        self.borders.get(index.checked_sub(1)?).copied()
    }
}

/// The topic that a title names.
pub(crate) fn topic(title: &str) -> Option<Topic> {
    static TABLE: OnceLock<Phrases<Topic>> = OnceLock::new();
    let folded = fold(title);
    TABLE.get_or_init(|| Phrases::new(ROWS)).hits(&folded).map(|hit| hit.meaning).min()
}

/// Items and lines of sections with a topic, and lines with its label anywhere.
pub(super) fn read(written: &Written, topics: &Topics, found: &mut Understanding) {
    for item in written.items.iter().filter(|item| item.outermost && !item.text.is_empty()) {
        let topic = topics.at(item.span.start);
        if matches!(topic, None | Some(Topic::Costs)) {
            continue;
        }
        let mark = match item.task {
            Some(done) => Some(if done { super::Mark::Done } else { super::Mark::Pending }),
            None => marks::of_item(&item.text),
        };
        let said = Said { span: item.span, text: marks::bare(&item.text), mark };
        match topics.at(item.span.start) {
            Some(Topic::Criteria) => found.criteria.push(said),
            Some(Topic::Lessons) if topics.own(item.span.start) && labels::of_line(&item.text).is_none() => {
                found.lessons.push(said);
            }
            Some(Topic::Questions) => found.questions.push(said),
            Some(Topic::FollowUps) => found.follow_ups.push(said),
            Some(Topic::Lessons | Topic::Troubles | Topic::Costs) | None => {}
        }
    }
    for node in &written.nodes {
        let Node::Text(text) = node else { continue };
        for said in &text.labels {
            let value = Said { span: said.span, text: said.value.clone(), mark: None };
            match said.label {
                Some(Label::Lesson) if !value.text.is_empty() => found.lessons.push(value),
                Some(Label::Question) if value.text.ends_with(['?', '？']) => found.questions.push(value),
                Some(Label::Checkpoint) if !value.text.is_empty() => found.checkpoints.push(value),
                _ => {}
            }
        }
    }
    for list in [&mut found.criteria, &mut found.lessons, &mut found.questions, &mut found.follow_ups] {
        list.sort_by_key(|said| said.span.start);
        list.dedup_by(|later, earlier| later.span.start < earlier.span.end && later.text == earlier.text);
    }
}

const ROWS: &[(Topic, &str)] = &[
    (
        Topic::Criteria,
        " success criteria | acceptance criteria | definition of done | success metrics | erfolgskriterien | abnahmekriterien \
         | critères de succès | critères de réussite | critères d acceptation | criterios de éxito | criterios de aceptación \
         | critérios de sucesso | critérios de aceitação | criteri di successo | succescriteria | kryteria sukcesu \
         | kritéria úspěchu | критерии успеха | критерии успешности | критерії успіху | başarı kriterleri | başarı ölçütleri \
         |成功基準|成功条件|完了条件|成功标准|成功標準|验收标准|驗收標準|성공 기준|완료 기준",
    ),
    (
        Topic::Lessons,
        " lessons | lessons learned | learnings | takeaways | key learnings | erkenntnisse | lehren | leçons | enseignements \
         | lecciones | aprendizajes | lições | aprendizados | lezioni | geleerde lessen | lessen | wnioski | poučení \
         | уроки | выводы | висновки | dersler |教訓|学び|得られた知見|经验教训|經驗教訓|经验总结|교훈|배운 점",
    ),
    (
        Topic::Questions,
        " open questions | questions | open issues to discuss | offene fragen | fragen | questions ouvertes | preguntas \
         | preguntas abiertas | perguntas | dúvidas | domande | domande aperte | open vragen | vragen | pytania \
         | otevřené otázky | otázky | вопросы | открытые вопросы | питання | sorular | açık sorular \
         |質問|未解決事項|未決事項|待解决问题|未决问题|問題清單|待討論|미해결 질문|질문 사항",
    ),
    (
        Topic::FollowUps,
        " next steps | follow up | follow ups | followups | action items | remaining tasks | remaining work | post deployment tasks \
         | upcoming work | future work | pending items | todo | nächste schritte | nacharbeiten | offene aufgaben \
         | prochaines étapes | étapes suivantes | actions à suivre | próximos pasos | siguientes pasos | tareas pendientes \
         | próximos passos | tarefas pendentes | prossimi passi | volgende stappen | następne kroki | dalsze kroki | další kroky \
         | следующие шаги | дальнейшие шаги | наступні кроки | подальші кроки | sonraki adımlar | nästa steg \
         |次のステップ|今後の予定|残作業|残タスク|下一步|后续步骤|後續步驟|后续工作|後續工作|待办事项|待辦事項|다음 단계|후속 작업|남은 작업",
    ),
    (
        Topic::Troubles,
        " troubleshoot| common issues | known issues | common errors | common problems | error patterns | common error| debugging \
         | fehlersuche| fehlerbehebung| problembehebung| häufige probleme | bekannte probleme | dépannage| résolution de problèmes \
         | résolution des problèmes | problèmes courants | problèmes connus | erreurs courantes | solución de problemas \
         | resolución de problemas | problemas comunes | problemas conocidos | errores comunes | solução de problemas \
         | resolução de problemas | problemas comuns | problemas conhecidos | erros comuns | risoluzione dei problemi \
         | problemi comuni | problemi noti | probleemoplossing | bekende problemen | rozwiązywanie problemów | znane problemy \
         | řešení problémů | устранение неполадок | устранение проблем | решение проблем | типичные проблемы | известные проблемы \
         | типичные ошибки | усунення несправностей | вирішення проблем | відомі проблеми | типові помилки | sorun giderme \
         | bilinen sorunlar | sık karşılaşılan |トラブルシューティング|障害対応|よくある問題|既知の問題|故障排除|故障排查|问题排查\
         |問題排查|疑难解答|疑難排解|常见问题|常見問題|已知问题|已知問題|문제 해결|트러블슈팅|장애 대응|알려진 문제",
    ),
    (
        Topic::Costs,
        " cost | costs | cost estimate | pricing | kosten| coût | coûts | costos | costes | custos | custo | costi | koszty \
         | koszt | náklady | стоимость | затраты | вартість | витрати | maliyet|コスト|費用|料金|成本|费用|費用|价格|비용|요금",
    ),
];
