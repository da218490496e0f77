//! Words beside those that name a role: what is done, what stands between nouns, what goes with them.

use super::super::fold::Phrases;
use std::sync::OnceLock;

/// Words of doing: a title with one of them is about work, whatever else it names.
pub(super) fn does() -> &'static Phrases<()> {
    static TABLE: OnceLock<Phrases<()>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(DOES))
}

/// Words of making something ready that may go back later, and whether they may end a title.
pub(super) fn sets_up() -> &'static Phrases<bool> {
    static TABLE: OnceLock<Phrases<bool>> = OnceLock::new();
    TABLE.get_or_init(|| Phrases::new(SETS_UP))
}

/// Between a thing and what only belongs to it, before a word that is then not what the title is about.
pub(super) const PREPOSITIONS: &[&str] = &[
    "of", "for", "to", "with", "from", "by", "into", "via", "de", "du", "des", "del", "della", "dei", "di",
    "do", "da", "dos", "das", "pour", "avec", "para", "por", "con", "com", "per", "fur", "von", "mit", "zu",
    "zum", "zur", "van", "voor", "met", "dla", "do", "z", "pro", "s", "для", "с", "со", "к", "з", "із", "до",
    "icin", "ile", "for", "med", "til", "till",
];

/// Before what a thing brings along, or does without.
pub(super) const BESIDE: &[&str] = &[
    "with", "without", "mit", "ohne", "avec", "sans", "con", "sin", "com", "sem", "senza", "met", "zonder",
    "z", "bez", "s", "с", "со", "без", "із", "з", "med", "utan", "uden", "uten",
];

/// What of a rollback is set up and not done.
pub(super) const PARTS: &[&str] =
    &["alarm", "alarms", "trigger", "triggers", "protection", "configuration", "settings", "window"];

/// What stands after a noun that a title is about: a second noun that says in which form, or a word that leads on.
pub(super) const COMPANIONS: &[&str] = &[
    "overview",
    "summary",
    "diagram",
    "diagrams",
    "details",
    "estimate",
    "estimates",
    "estimation",
    "breakdown",
    "analysis",
    "optimization",
    "optimisation",
    "management",
    "control",
    "savings",
    "reduction",
    "tips",
    "considerations",
    "implications",
    "impact",
    "comparison",
    "projection",
    "table",
    "list",
    "section",
    "guide",
    "info",
    "information",
    "material",
    "materials",
    "documents",
    "documentation",
    "docs",
    "path",
    "paths",
    "matrix",
    "procedure",
    "policy",
    "links",
    "resources",
    "references",
    "reference",
    "notes",
    "contacts",
    "contact",
    "cost",
    "costs",
    "background",
    "architecture",
    "troubleshooting",
    "questions",
    "faq",
    "decisions",
    "answered",
    "open",
    "and",
    "or",
    "of",
    "on",
    "for",
    "about",
    "with",
    "in",
    "from",
    "per",
    "at",
    "to",
    "und",
    "et",
    "y",
    "e",
    "ve",
    "og",
    "och",
];

/// The same in languages that write without spaces.
pub(super) const GLUED_COMPANIONS: &[&str] = &[
    "一覧",
    "見積",
    "概要",
    "リンク",
    "資料",
    "情報",
    "知識",
    "説明",
    "図",
    "表",
    "分析",
    "估算",
    "预估",
    "預估",
    "图",
    "圖",
    "说明",
    "說明",
    "信息",
    "資訊",
    "资料",
    "知识",
    "列表",
    "清单",
    "清單",
    "链接",
    "連結",
    "明细",
    "明細",
    "분석",
    "예상",
    "산정",
    "추정",
    "도",
    "자료",
    "목록",
    "링크",
    "정보",
    "다이어그램",
];

/// The flag: in this language the verb may come last.
const SETS_UP: &[(bool, &str)] = &[
    (
        false,
        " enable | enabling | configure | configuring | set up | setup | setting up | add | adding | create | creating \
         | install | implement | implementing | activate | activating | disable | disabling | turn on | define | wire ",
    ),
    (true, " aktivier| konfigurier| einricht| einschalt| anleg| hinzufüg| erstell| installier"),
    (false, " activer | configurer | créer | ajouter | installer | activez | configurez | créez | ajoutez "),
    (
        false,
        " activar | habilitar | configurar | crear | añadir | agregar | instalar | active | habilite | configure ",
    ),
    (false, " ativar | criar | adicionar | attivare | abilitare | configurare | creare | aggiungere "),
    (
        false,
        " inschakelen | instellen | configureren | toevoegen | aanmaken | włącz| skonfigur| utwórz| dodaj| zapn| povol",
    ),
    (false, " включ| настро| добав| созда| увімкн| налашт| додай| додати | створ"),
    (true, " etkinleştir| yapılandır| oluştur| aktivera | konfigurera | aktiver | opprett | opret "),
    (true, "有効化|設定|作成|追加|启用|啟用|开启|配置|创建|創建|添加|활성화|설정|구성|추가|생성"),
];

/// A language a line, as in the table of roles.
const DOES: &[((), &str)] = &[
    (
        (),
        " deploy | deploying | redeploy | create | creating | recreate | build | building | rebuild | update | updating \
         | upgrade | upgrading | configure | configuring | enable | enabling | disable | disabling | install | installing \
         | run | running | push | pushing | migrate | migrating | verify | apply | applying | provision | provisioning \
         | set up | setting up | set | add | adding | attach | register | registering | start | starting | stop | restart \
         | launch | publish | publishing | roll out | scale | move | copy | upload | sync \
         | switch | reduce | rename | delete | remove | clean | tear | prepare | make | fix | implement \
         | invalidate | seed | rotate | drain | execute | setup | wire | connect | grant | allocate | reserve ",
    ),
    (
        (),
        " ausroll| bereitstell| erstell| anleg| bauen | baue | konfigurier| aktualisier| aktivier| einricht| installier\
         | starten | starte | ausführ| übertrag| migrier| hochlad| lösch| entfern| ändern | setzen | hinzufüg| senken \
         | verschieb| veröffentlich| einspiel| anwend",
    ),
    (
        (),
        " déployer | déployez | créer | créez | construire | construisez | mettre | configurer | configurez | activer \
         | activez | installer | installez | exécuter | exécutez | lancer | lancez | pousser | poussez | migrer | vérifier \
         | vérifiez | supprimer | modifier | ajouter | préparer | publier | démarrer | redémarrer | réduire | appliquer \
         | déploiement | création ",
    ),
    (
        (),
        " desplegar | despliega | despliegue | crear | crea | construir | actualizar | configurar | habilitar | activar \
         | instalar | ejecutar | subir | migrar | verificar | eliminar | modificar | añadir | agregar | preparar | publicar \
         | iniciar | lanzar | reducir | aplicar | reiniciar | creación ",
    ),
    (
        (),
        " implantar | implante | criar | crie | atualizar | executar | enviar | remover | adicionar | ativar | habilite \
         | reduzir | instale | configure | construa | criação | implantação ",
    ),
    (
        (),
        " distribuire | rilasciare | creare | costruire | aggiornare | configurare | abilitare | attivare | installare \
         | eseguire | inviare | migrare | verificare | rimuovere | aggiungere | preparare | pubblicare | avviare | ridurre \
         | applicare | creazione ",
    ),
    (
        (),
        " uitrollen | uitrol | maken | aanmaken | bouwen | bijwerken | configureren | instellen | inschakelen | installeren \
         | uitvoeren | pushen | migreren | verwijderen | toevoegen | starten | verlagen | toepassen ",
    ),
    (
        (),
        " wdroż| wdraż| utwórz| utworz| tworzeni| zbuduj| budow| zaktualizuj| aktualiz| skonfigur| konfigur| włącz| zainstal\
         | instal| uruch| wypchn| przenieś| usuń| dodaj| zastosuj| zmniejsz",
    ),
    (
        (),
        " nasad| nasaz| vytvoř| sestav| aktualizu| nastav| nakonfigur| povol| zapn| nainstal| spust| odesl| smaz| přidat \
         | přidej | snížit ",
    ),
    (
        (),
        " разверн| развёрт| созда| собра| собер| сборк| обнов| настро| включ| установ| запус| отправ| перенес| перенос\
         | миграц| мигрир| удал| добав| выполн| задепло| деплой | примен| снизить | сниж",
    ),
    (
        (),
        " розгорн| розгорт| створ| зібра| збер| збудув| онов| налашт| увімкн| встанов| запус| надісл| перенес| видал| додати \
         | додай| застос| міграц| зменш",
    ),
    (
        (),
        " dağıt | dağıtın | dağıtma | oluştur| kur | kurun | kurma | derle| güncelle| yapılandır| etkinleştir| yükle| çalıştır\
         | gönder| taşı | taşıyın | sil | silin | ekle | ekleyin | başlat| uygula | uygulayın | düşür",
    ),
    (
        (),
        " distribuera | skapa | bygg | bygga | uppdatera | konfigurera | aktivera | installera | kör | rulla | driftsätt\
         | opprett | oppret | opret | oprett | oppdater | opdater | byg | aktiver | installer | sænk ",
    ),
    (
        (),
        "デプロイ|作成|構築|ビルド|更新|設定|有効化|インストール|実行|プッシュ|移行|起動|削除|追加|登録|適用|削減|展開",
    ),
    (
        (),
        "部署|创建|創建|建立|构建|構建|更新|配置|启用|啟用|安装|安裝|运行|運行|执行|執行|推送|迁移|遷移|启动|啟動|删除|刪除|添加|发布\
         |發佈|上线|上線|降低",
    ),
    (
        (),
        "배포|생성|구축|빌드|업데이트|구성|설정|활성화|설치|실행|푸시|마이그레이션|시작|삭제|추가|등록|적용|절감",
    ),
];
