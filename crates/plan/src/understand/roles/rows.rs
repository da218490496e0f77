//! Words of headings and what each says of its section.

use super::{Says, Shape};
use crate::Role;

/// Said wherever it begins or ends a phrase.
const TOLD: Says = Says::Reference { shape: Shape::Edge, firm: true };
/// The same for a single noun, which must be the one that the phrase is about.
const FIRM: Says = Says::Reference { shape: Shape::Last, firm: true };
/// A noun that has other senses, in languages whose phrases end with what they are about.
const LAST: Says = Says::Reference { shape: Shape::Last, firm: false };
/// The same in languages whose phrases begin with it.
const FIRST: Says = Says::Reference { shape: Shape::First, firm: false };
/// A word that is something else in any company.
const WHOLE: Says = Says::Reference { shape: Shape::Whole, firm: false };

/// A language a line: English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Czech, Russian, Ukrainian,
/// Turkish, Swedish with Danish and Norwegian, Japanese, Chinese (both), Korean.
pub(super) const ROWS: &[(Says, &str)] = &[
    (Says::Rollback, " rollback| roll back| back out | backout| revert "),
    (Says::Rollback, " rolling back | fallback plan | restore the previous | undo the deploy"),
    (Says::Rollback, " zurückrollen| rückfall| rücknahme| rückgängig| zurücksetzen "),
    (Says::Rollback, " retour arrière| retour en arrière| plan de repli| restauration de la version"),
    (Says::Rollback, " reversión | reversion | revertir | marcha atrás | vuelta atrás "),
    (Says::Rollback, " reverter | reversão | plano de retorno | voltar atrás "),
    (Says::Rollback, " ripristino | annullamento del rilascio | tornare indietro "),
    (Says::Rollback, " terugdraaien | terugrol| terugvalplan"),
    (Says::Rollback, " wycofa| przywracanie poprzedniej| cofnięcie | wycofywanie "),
    (Says::Rollback, " návrat k předchozí| vrácení zpět "),
    (Says::Rollback, " откат| возврат к предыдущ"),
    (Says::Rollback, " відкат| відкочування | повернення до попередн"),
    (Says::Rollback, " geri al| geri dön"),
    (Says::Rollback, " återställ| tilbagerul| tilbakerull| rulla tillbaka "),
    (Says::Rollback, "ロールバック|切り戻し|切戻し|巻き戻し"),
    (Says::Rollback, "回滚|回滾|回退|还原步骤|還原步驟"),
    (Says::Rollback, "롤백|되돌리기|원복"),
    (
        TOLD,
        " troubleshoot| success criteria | lessons learned | lessons learnt | learnings | common issues | known issues \
         | common errors | common problems | debugging | related doc| local development | best practices \
         | table of contents | see also | further reading | known limitations | about this document \
         | command reference | commands reference | quick reference | cheat sheet | cheatsheet ",
    ),
    (FIRM, " lessons | appendix | appendices | faq | faqs | glossary | changelog | cost | costs "),
    (
        LAST,
        " notes | reference | references | background | overview | questions | time estimates \
         | architecture | summary | contents | contacts | escalation | introduction | links | resources ",
    ),
    (
        TOLD,
        " fehlersuche| fehlerbehebung| problembehebung| erfolgskriterien | gelernt| bekannte probleme \
         | inhaltsverzeichnis | offene fragen ",
    ),
    (
        FIRST,
        " erkenntnisse | kosten | anhang | hintergrund | überblick | übersicht | fragen | zusammenfassung | inhalt \
         | ansprechpartner | architektur | einleitung | hinweise ",
    ),
    (
        TOLD,
        " dépannage| résolution de problèmes | résolution des problèmes | critères de succès | critères de réussite \
         | vue d ensemble | questions ouvertes | table des matières | problèmes connus | problèmes courants ",
    ),
    (
        FIRST,
        " leçons | coûts | coût | annexe | annexes | contexte | aperçu | résumé | sommaire | glossaire | enseignements ",
    ),
    (
        TOLD,
        " solución de problemas | resolución de problemas | criterios de éxito | lecciones aprendidas | visión general \
         | descripción general | problemas conocidos | problemas comunes ",
    ),
    (
        FIRST,
        " lecciones | costos | costes | costo | coste | anexo | anexos | antecedentes | preguntas | resumen | índice \
         | arquitectura | contactos | introducción | referencias ",
    ),
    (
        TOLD,
        " solução de problemas | resolução de problemas | critérios de sucesso | lições aprendidas | visão geral \
         | problemas conhecidos | problemas comuns ",
    ),
    (
        FIRST,
        " lições | custos | custo | contexto | perguntas | dúvidas | resumo | arquitetura | contatos | introdução \
         | referências | sumário ",
    ),
    (
        TOLD,
        " risoluzione dei problemi | criteri di successo | lezioni apprese | problemi noti | problemi comuni ",
    ),
    (
        FIRST,
        " lezioni | costi | appendice | contesto | panoramica | domande | riepilogo | architettura | contatti \
         | introduzione | indice | riferimenti ",
    ),
    (
        TOLD,
        " probleemoplossing | succescriteria | geleerde lessen | open vragen | bekende problemen | inhoudsopgave ",
    ),
    (
        FIRST,
        " bijlage | bijlagen | achtergrond | overzicht | vragen | samenvatting | architectuur | contactpersonen ",
    ),
    (TOLD, " rozwiązywanie problemów | kryteria sukcesu | znane problemy | spis treści "),
    (
        FIRST,
        " wnioski | koszty | koszt | załącznik | załączniki | kontekst | przegląd | pytania | podsumowanie \
         | architektura | kontakty | wstęp ",
    ),
    (TOLD, " řešení problémů | kritéria úspěchu "),
    (FIRST, " náklady | příloha | přílohy | přehled | otázky | shrnutí | obsah "),
    (
        TOLD,
        " устранение неполадок | устранение проблем | решение проблем | критерии успеха | критерии успешности \
         | известные проблемы | типичные проблемы ",
    ),
    (
        FIRST,
        " уроки | стоимость | затраты | обзор | вопросы | итоги | архитектура | контакты | содержание | введение \
         | справка | выводы ",
    ),
    // "Приложение" and "додаток" are an application as often as an appendix, "giriş" is a login as often as an introduction.
    (WHOLE, " приложение | приложения | додаток | додатки | giriş | ek | ekler "),
    (TOLD, " усунення несправностей | вирішення проблем | критерії успіху | відомі проблеми "),
    (
        FIRST,
        " уроки | вартість | витрати | огляд | питання | підсумок | підсумки | архітектура | контакти | зміст | вступ \
         | довідка ",
    ),
    (TOLD, " sorun giderme | başarı kriterleri | başarı ölçütleri | bilinen sorunlar | içindekiler "),
    (
        LAST,
        " dersler | maliyet | maliyetler | maliyeti | maliyetleri | genel bakış | sorular | özet | özeti | mimari | mimarisi ",
    ),
    (TOLD, " felsökning | fejlfinding | feilsøking | framgångskriterier "),
    (LAST, " kostnader | översikt | oversigt "),
    (TOLD, "トラブルシューティング|障害対応|成功基準|成功条件|完了条件|教訓|既知の問題|よくある問題|用語集"),
    (
        LAST,
        "学び|コスト|費用|付録|背景|概要|質問|課題一覧|まとめ|アーキテクチャ|連絡先|目次|はじめに|参考|構成図",
    ),
    (
        TOLD,
        "故障排除|故障排查|问题排查|問題排查|疑难解答|疑難排解|常见问题|常見問題|成功标准|成功標準|验收标准|驗收標準|经验教训|經驗教訓\
         |经验总结|待解决问题|已知问题|已知問題",
    ),
    (
        LAST,
        "成本|费用|費用|附录|附錄|背景|概述|概览|总结|總結|架构|架構|联系人|聯絡人|目录|目錄|参考|參考|简介|簡介",
    ),
    (TOLD, "문제 해결|트러블슈팅|장애 대응|성공 기준|완료 기준|교훈|배운 점|알려진 문제"),
    (LAST, "비용|부록|배경|개요|질문|요약|아키텍처|연락처|목차|참고|소개"),
    (
        Says::Walked(Role::Before),
        " pre deploy| predeploy| prerequisite| before | preflight| pre flight| pre check| prechecks\
         | pre requisite| requirements | preparation | prepare the environment ",
    ),
    (
        Says::Walked(Role::Before),
        " voraussetzung| vor dem deploy| vor der bereitstellung | vorbereitung| vorab| vor dem rollout ",
    ),
    (
        Says::Walked(Role::Before),
        " prérequis | pré requis | avant le déploiement | avant la mise en production | préparation | avant de ",
    ),
    (
        Says::Walked(Role::Before),
        " requisitos | prerrequisitos | antes del despliegue | antes de | preparación | previo al despliegue ",
    ),
    (
        Says::Walked(Role::Before),
        " pré requisitos | antes do deploy | antes da implantação | preparação | pré deploy",
    ),
    (
        Says::Walked(Role::Before),
        " prerequisiti | requisiti | prima del rilascio | prima del deploy| preparazione ",
    ),
    (
        Says::Walked(Role::Before),
        " vereisten | voorwaarden | vóór de uitrol | voor de uitrol | voorbereiding",
    ),
    (Says::Walked(Role::Before), " wymagania | przed wdrożeniem | przygotowani| warunki wstępne "),
    (Says::Walked(Role::Before), " předpoklady | před nasazením | příprava "),
    (
        Says::Walked(Role::Before),
        " предварительн| требования | перед деплоем | перед развертыванием | перед релизом | подготовка | до начала ",
    ),
    (Says::Walked(Role::Before), " попередн| вимоги | перед розгортанням | перед деплоєм | підготовка "),
    (
        Says::Walked(Role::Before),
        " ön koşul| önkoşul| ön gereksinim| dağıtımdan önce | dağıtım öncesi | hazırlık| gereksinim",
    ),
    (
        Says::Walked(Role::Before),
        " förutsättningar | forudsætninger | forutsetninger | före driftsättning | forberedelse| förberedelse",
    ),
    (Says::Walked(Role::Before), "前提条件|事前準備|事前確認|事前作業|デプロイ前|リリース前|作業前|準備作業"),
    (
        Says::Walked(Role::Before),
        "前置条件|前置條件|先决条件|先決條件|前提条件|部署前|发布前|發佈前|上线前|上線前|准备工作|準備工作|环境准备|環境準備",
    ),
    (
        Says::Walked(Role::Before),
        "사전 준비|사전 확인|사전 요구|전제 조건|배포 전|준비 사항|요구 사항|요구사항|사전 점검",
    ),
    (
        Says::Walked(Role::After),
        " post deploy| postdeploy| after deploy| next steps| follow up| clean up | cleanup | post check\
         | post release | after the deploy| after the release ",
    ),
    (
        Says::Walked(Role::After),
        " nach dem deploy| nach der bereitstellung | nächste schritte | nacharbeit| aufräumen | nach dem rollout ",
    ),
    (
        Says::Walked(Role::After),
        " après le déploiement | après la mise en production | prochaines étapes | étapes suivantes | nettoyage ",
    ),
    (
        Says::Walked(Role::After),
        " después del despliegue | próximos pasos | siguientes pasos | posterior al despliegue | limpieza ",
    ),
    (
        Says::Walked(Role::After),
        " após o deploy | após a implantação | pós deploy| próximos passos | limpeza ",
    ),
    (Says::Walked(Role::After), " dopo il rilascio | dopo il deploy| prossimi passi | pulizia "),
    (Says::Walked(Role::After), " na de uitrol | volgende stappen | opruimen | nazorg "),
    (Says::Walked(Role::After), " po wdrożeniu | następne kroki | dalsze kroki | sprzątanie | porządki "),
    (Says::Walked(Role::After), " po nasazení | další kroky | úklid "),
    (
        Says::Walked(Role::After),
        " после деплоя | после развертывания | после релиза | следующие шаги | дальнейшие шаги | очистка ",
    ),
    (
        Says::Walked(Role::After),
        " після розгортання | після деплою | наступні кроки | подальші кроки | очищення ",
    ),
    (Says::Walked(Role::After), " dağıtımdan sonra | dağıtım sonrası | sonraki adımlar | temizlik "),
    (Says::Walked(Role::After), " efter driftsättning | nästa steg | næste skridt | neste steg | städning "),
    (
        Says::Walked(Role::After),
        "デプロイ後|リリース後|作業後|事後作業|次のステップ|今後の予定|後片付け|後処理",
    ),
    (
        Says::Walked(Role::After),
        "部署后|部署後|发布后|發佈後|上线后|上線後|后续步骤|後續步驟|后续工作|後續工作|下一步|清理",
    ),
    (Says::Walked(Role::After), "배포 후|다음 단계|후속 작업|향후 작업|사후 작업|정리 작업"),
    (
        Says::Walked(Role::Verify),
        " verif| validat| smoke| monitor| testing | tests | acceptance | soak | sanity check| health check",
    ),
    (
        Says::Walked(Role::Verify),
        " überprüf| prüfung| verifizier| validier| überwach| abnahme| tests | rauchtest",
    ),
    (Says::Walked(Role::Verify), " vérif| contrôles | contrôle | surveillance | recette | tests "),
    (Says::Walked(Role::Verify), " comprobaci| monitoreo | monitorización | pruebas | prueba de humo "),
    (Says::Walked(Role::Verify), " testes | monitoramento | monitorização | checagem | conferência "),
    (Says::Walked(Role::Verify), " verific| controll| monitoraggio | collaudo | prove "),
    (Says::Walked(Role::Verify), " controle | controleren | bewaking | verificatie | testen "),
    (Says::Walked(Role::Verify), " weryfikac| sprawdzeni| monitorowanie | testy | walidacj"),
    (Says::Walked(Role::Verify), " ověřen| kontrola | sledování | testy "),
    (
        Says::Walked(Role::Verify),
        " проверк| проверить | верификац| мониторинг | тестирование | тесты | наблюдение ",
    ),
    (Says::Walked(Role::Verify), " перевірк| верифікац| моніторинг | тестування | тести "),
    (Says::Walked(Role::Verify), " doğrula| kontrol| izleme | test | testler "),
    (Says::Walked(Role::Verify), " kontroll| övervakning | overvågning | overvåking "),
    (Says::Walked(Role::Verify), "動作確認|検証|確認手順|疎通確認|監視|モニタリング|デプロイ確認|テスト"),
    (Says::Walked(Role::Verify), "验证|驗證|检查|檢查|监控|監控|测试|測試|健康检查|健康檢查|冒烟"),
    (Says::Walked(Role::Verify), "검증|확인|모니터링|테스트|점검"),
    (Says::Walked(Role::Deploy), " during deploy| deploying | rollout steps "),
];
