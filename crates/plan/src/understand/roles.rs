//! What the words of a heading say its section is for: one table, many languages.

use super::fold::{Phrases, fold};
use crate::Role;
use std::sync::OnceLock;

/// The role that a title names, if it names one. Where it names several, the one that is walked least wins: "Verify the
/// rollback" is about the rollback.
pub(crate) fn role_of(title: &str) -> Option<Role> {
    let folded = fold(title);
    table().hits(&folded).map(|hit| hit.meaning).min_by_key(|role| rank(*role))
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

fn table() -> &'static Phrases<Role> {
    static TABLE: OnceLock<Phrases<Role>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(ROWS))
}

/// A language a line: English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Czech, Russian, Ukrainian,
/// Turkish, Swedish with Danish and Norwegian, Japanese, Chinese (both), Korean.
const ROWS: &[(Role, &str)] = &[
    (Role::Rollback, " rollback| roll back| back out | backout| revert "),
    (Role::Rollback, " rolling back | fallback plan | restore the previous | undo the deploy"),
    (Role::Rollback, " zurückrollen| rückfall| rücknahme| rückgängig| zurücksetzen "),
    (Role::Rollback, " retour arrière| retour en arrière| plan de repli| restauration de la version"),
    (Role::Rollback, " reversión | reversion | revertir | marcha atrás | vuelta atrás "),
    (Role::Rollback, " reverter | reversão | plano de retorno | voltar atrás "),
    (Role::Rollback, " ripristino | annullamento del rilascio | tornare indietro "),
    (Role::Rollback, " terugdraaien | terugrol| terugvalplan"),
    (Role::Rollback, " wycofa| przywracanie poprzedniej| cofnięcie | wycofywanie "),
    (Role::Rollback, " návrat k předchozí| vrácení zpět "),
    (Role::Rollback, " откат| возврат к предыдущ"),
    (Role::Rollback, " відкат| відкочування | повернення до попередн"),
    (Role::Rollback, " geri al| geri dön"),
    (Role::Rollback, " återställ| tilbagerul| tilbakerull| rulla tillbaka "),
    (Role::Rollback, "ロールバック|切り戻し|切戻し|巻き戻し"),
    (Role::Rollback, "回滚|回滾|回退|还原步骤|還原步驟"),
    (Role::Rollback, "롤백|되돌리기|원복"),
    (
        Role::Reference,
        " troubleshoot| success criteria| lessons| learnings | notes | common issues| known issues| common errors\
         | debugging| cost | costs | reference| appendix| faq | background | overview | related doc| questions \
         | time estimates| architecture | local development| summary ",
    ),
    (
        Role::Reference,
        " table of contents | contents | glossary | contacts | changelog | escalation | best practices \
         | introduction | about this document | further reading | see also | links | resources | known limitations ",
    ),
    (
        Role::Reference,
        " fehlersuche| fehlerbehebung| problembehebung| erfolgskriterien | gelernt| erkenntnisse | kosten | anhang \
         | hintergrund | überblick | übersicht | offene fragen | fragen | zusammenfassung | inhalt | inhaltsverzeichnis \
         | ansprechpartner | architektur | einleitung | hinweise | bekannte probleme ",
    ),
    (
        Role::Reference,
        " dépannage| résolution de problèmes | résolution des problèmes | critères de succès | critères de réussite \
         | leçons | coûts | coût | annexe| contexte | vue d ensemble | aperçu | questions ouvertes | résumé | sommaire \
         | table des matières | contacts | glossaire | problèmes connus | problèmes courants | enseignements ",
    ),
    (
        Role::Reference,
        " solución de problemas | resolución de problemas | criterios de éxito | lecciones | costos | costes | costo \
         | coste | anexo| antecedentes | visión general | descripción general | preguntas | resumen | índice \
         | arquitectura | contactos | problemas conocidos | problemas comunes | introducción | referencias ",
    ),
    (
        Role::Reference,
        " solução de problemas | resolução de problemas | critérios de sucesso | lições | custos | custo | anexo\
         | contexto | visão geral | perguntas | dúvidas | resumo | arquitetura | contatos | problemas conhecidos \
         | problemas comuns | introdução | referências | sumário ",
    ),
    (
        Role::Reference,
        " risoluzione dei problemi | criteri di successo | lezioni | costi | appendice | contesto | panoramica | domande \
         | riepilogo | architettura | contatti | problemi noti | problemi comuni | introduzione | indice | riferimenti ",
    ),
    (
        Role::Reference,
        " probleemoplossing | succescriteria | geleerde lessen | kosten | bijlage| achtergrond | overzicht \
         | open vragen | vragen | samenvatting | architectuur | contactpersonen | bekende problemen | inhoudsopgave ",
    ),
    (
        Role::Reference,
        " rozwiązywanie problemów | kryteria sukcesu | wnioski | koszty | koszt | załącznik| kontekst | przegląd \
         | pytania | podsumowanie | architektura | kontakty | znane problemy | spis treści | wstęp ",
    ),
    (
        Role::Reference,
        " řešení problémů | kritéria úspěchu | náklady | příloha| přehled | otázky | shrnutí | obsah ",
    ),
    (
        Role::Reference,
        " устранение неполадок | устранение проблем | решение проблем | критерии успеха | критерии успешности | уроки \
         | стоимость | затраты | приложение | обзор | вопросы | итоги | архитектура | контакты | известные проблемы \
         | типичные проблемы | содержание | введение | справка | выводы ",
    ),
    (
        Role::Reference,
        " усунення несправностей | вирішення проблем | критерії успіху | уроки | вартість | витрати | додаток | огляд \
         | питання | підсумок | підсумки | архітектура | контакти | відомі проблеми | зміст | вступ | довідка ",
    ),
    (
        Role::Reference,
        " sorun giderme | başarı kriterleri | başarı ölçütleri | dersler | maliyet| ek | ekler | genel bakış | sorular \
         | özet | mimari | bilinen sorunlar | içindekiler | giriş ",
    ),
    (
        Role::Reference,
        " felsökning | fejlfinding | feilsøking | framgångskriterier | kostnader | översikt | oversigt ",
    ),
    (
        Role::Reference,
        "トラブルシューティング|障害対応|成功基準|成功条件|完了条件|教訓|学び|コスト|費用|付録|背景|概要|質問|課題一覧|まとめ\
         |アーキテクチャ|連絡先|既知の問題|よくある問題|目次|はじめに|参考|用語集|構成図",
    ),
    (
        Role::Reference,
        "故障排除|故障排查|问题排查|問題排查|疑难解答|疑難排解|常见问题|常見問題|成功标准|成功標準|验收标准|驗收標準|经验教训|經驗教訓\
         |经验总结|成本|费用|費用|附录|附錄|背景|概述|概览|待解决问题|总结|總結|架构|架構|联系人|聯絡人|已知问题|已知問題|目录|目錄\
         |参考|參考|简介|簡介",
    ),
    (
        Role::Reference,
        "문제 해결|트러블슈팅|장애 대응|성공 기준|완료 기준|교훈|배운 점|비용|부록|배경|개요|질문|요약|아키텍처|연락처|알려진 문제\
         |목차|참고|소개",
    ),
    (
        Role::Before,
        " pre deploy| predeploy| prerequisite| before | preflight| pre flight| pre check| prechecks\
         | pre requisite| requirements | preparation | prepare the environment ",
    ),
    (
        Role::Before,
        " voraussetzung| vor dem deploy| vor der bereitstellung | vorbereitung| vorab| vor dem rollout ",
    ),
    (
        Role::Before,
        " prérequis | pré requis | avant le déploiement | avant la mise en production | préparation | avant de ",
    ),
    (
        Role::Before,
        " requisitos | prerrequisitos | antes del despliegue | antes de | preparación | previo al despliegue ",
    ),
    (Role::Before, " pré requisitos | antes do deploy | antes da implantação | preparação | pré deploy"),
    (Role::Before, " prerequisiti | requisiti | prima del rilascio | prima del deploy| preparazione "),
    (Role::Before, " vereisten | voorwaarden | vóór de uitrol | voor de uitrol | voorbereiding"),
    (Role::Before, " wymagania | przed wdrożeniem | przygotowani| warunki wstępne "),
    (Role::Before, " předpoklady | před nasazením | příprava "),
    (
        Role::Before,
        " предварительн| требования | перед деплоем | перед развертыванием | перед релизом | подготовка | до начала ",
    ),
    (Role::Before, " попередн| вимоги | перед розгортанням | перед деплоєм | підготовка "),
    (
        Role::Before,
        " ön koşul| önkoşul| ön gereksinim| dağıtımdan önce | dağıtım öncesi | hazırlık| gereksinim",
    ),
    (
        Role::Before,
        " förutsättningar | forudsætninger | forutsetninger | före driftsättning | forberedelse| förberedelse",
    ),
    (Role::Before, "前提条件|事前準備|事前確認|事前作業|デプロイ前|リリース前|作業前|準備作業"),
    (
        Role::Before,
        "前置条件|前置條件|先决条件|先決條件|前提条件|部署前|发布前|發佈前|上线前|上線前|准备工作|準備工作|环境准备|環境準備",
    ),
    (Role::Before, "사전 준비|사전 확인|사전 요구|전제 조건|배포 전|준비 사항|요구 사항|요구사항|사전 점검"),
    (
        Role::After,
        " post deploy| postdeploy| after deploy| next steps| follow up| clean up | cleanup | post check\
         | post release | after the deploy| after the release ",
    ),
    (
        Role::After,
        " nach dem deploy| nach der bereitstellung | nächste schritte | nacharbeit| aufräumen | nach dem rollout ",
    ),
    (
        Role::After,
        " après le déploiement | après la mise en production | prochaines étapes | étapes suivantes | nettoyage ",
    ),
    (
        Role::After,
        " después del despliegue | próximos pasos | siguientes pasos | posterior al despliegue | limpieza ",
    ),
    (Role::After, " após o deploy | após a implantação | pós deploy| próximos passos | limpeza "),
    (Role::After, " dopo il rilascio | dopo il deploy| prossimi passi | pulizia "),
    (Role::After, " na de uitrol | volgende stappen | opruimen | nazorg "),
    (Role::After, " po wdrożeniu | następne kroki | dalsze kroki | sprzątanie | porządki "),
    (Role::After, " po nasazení | další kroky | úklid "),
    (
        Role::After,
        " после деплоя | после развертывания | после релиза | следующие шаги | дальнейшие шаги | очистка ",
    ),
    (Role::After, " після розгортання | після деплою | наступні кроки | подальші кроки | очищення "),
    (Role::After, " dağıtımdan sonra | dağıtım sonrası | sonraki adımlar | temizlik "),
    (Role::After, " efter driftsättning | nästa steg | næste skridt | neste steg | städning "),
    (Role::After, "デプロイ後|リリース後|作業後|事後作業|次のステップ|今後の予定|後片付け|後処理"),
    (
        Role::After,
        "部署后|部署後|发布后|發佈後|上线后|上線後|后续步骤|後續步驟|后续工作|後續工作|下一步|清理",
    ),
    (Role::After, "배포 후|다음 단계|후속 작업|향후 작업|사후 작업|정리 작업"),
    (
        Role::Verify,
        " verif| validat| smoke| monitor| testing | tests | acceptance | soak | sanity check| health check",
    ),
    (Role::Verify, " überprüf| prüfung| verifizier| validier| überwach| abnahme| tests | rauchtest"),
    (Role::Verify, " vérif| contrôles | contrôle | surveillance | recette | tests "),
    (Role::Verify, " comprobaci| monitoreo | monitorización | pruebas | prueba de humo "),
    (Role::Verify, " testes | monitoramento | monitorização | checagem | conferência "),
    (Role::Verify, " verific| controll| monitoraggio | collaudo | prove "),
    (Role::Verify, " controle | controleren | bewaking | verificatie | testen "),
    (Role::Verify, " weryfikac| sprawdzeni| monitorowanie | testy | walidacj"),
    (Role::Verify, " ověřen| kontrola | sledování | testy "),
    (Role::Verify, " проверк| проверить | верификац| мониторинг | тестирование | тесты | наблюдение "),
    (Role::Verify, " перевірк| верифікац| моніторинг | тестування | тести "),
    (Role::Verify, " doğrula| kontrol| izleme | test | testler "),
    (Role::Verify, " kontroll| övervakning | overvågning | overvåking "),
    (Role::Verify, "動作確認|検証|確認手順|疎通確認|監視|モニタリング|デプロイ確認|テスト"),
    (Role::Verify, "验证|驗證|检查|檢查|监控|監控|测试|測試|健康检查|健康檢查|冒烟"),
    (Role::Verify, "검증|확인|모니터링|테스트|점검"),
    (Role::Deploy, " during deploy| deploying | rollout steps "),
];

#[cfg(test)]
mod tests {
    use super::*;

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
