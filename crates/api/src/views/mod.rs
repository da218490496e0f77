//! What is shown: the replies of calls, and how they are made from what is known.
//!
//! Times are ISO 8601 with zone, durations are seconds.

mod accounts;
mod back_of;
mod card;
mod card_of;
mod comparison;
mod comparison_of;
mod desk;
mod diagnosis_of;
mod edited;
mod history;
mod home;
mod identity;
mod import;
mod import_of;
mod kept;
mod known;
mod lesson;
mod obligation;
mod overview;
mod overview_of;
mod plan;
mod plan_of;
mod rollout_of;
mod run;
mod run_of;
mod scenarios;
mod sign_in;
mod standing;
mod step;
mod step_of;

pub use accounts::{
    AccountView, AccountsView, KeptIn, RoleView, SecretAction, SecretView, SessionView, StandingKind,
};
pub(crate) use back_of::rollback_view;
pub use card::{CardFact, CardView, LayerProgress, ResourceChange, ResourceProgress, ValueChange};
pub use comparison::{ComparedRun, ComparedSide, ComparedStep, ComparedValue, ComparisonView};
pub(crate) use comparison_of::comparison;
pub use desk::{AnswerView, DoctorFinding, DoctorView, DraftView, FindingWeight};
pub(crate) use diagnosis_of::{has_failed, known_views, own_faults, shown_work, told};
pub(crate) use edited::change_views;
pub use edited::{EditedView, StepChangeView};
pub use history::{HistoryView, PastRun};
pub use home::{Home, RecentPlan, RunStatus, RunSummary, Update, Waiting, WaitingKind};
pub use identity::{
    ClockKind, Identity, IdentityClock, IdentityStanding, PersonView, Profile, Profiles, Weight,
};
pub use import::{
    ImportFinding, ImportRow, ImportSaved, ImportStateView, ImportView, LeftAloneView, OutcomeView,
    ProposalView,
};
pub(crate) use import_of::import_view;
pub use kept::{
    AccountMark, LockView, NoticeKind, NoticeView, PrefsView, RecentProfile, VaultState, VaultView,
};
pub use known::{KnownDraft, KnownFolder, KnownMessage, KnownOffer, KnownSaved};
pub use lesson::{LessonOffer, LessonView};
pub use obligation::ObligationView;
pub(crate) use obligation::obligation_view;
pub use overview::{ClaimView, Overview, SaidCostView, SaidFactView, SaidItemView, SaidServiceView};
pub use plan::{
    Block, Damage, EstimateView, Finding, FindingFix, FixPreview, HoldRule, PlanStage, PlanStep, PlanVar,
    PlanView, PracticeKind, Scenario, TargetView,
};
pub(crate) use plan_of::plan_view;
pub use run::{
    CautionView, ChecklistItem, CoveredView, DriverView, GlassView, HoldView, LapseView, OutputView,
    RollbackSet, RunView, SignatureView, StageView, StopAsked, StopView, UndoStep,
};
pub(crate) use run_of::{RunFacts, run_summary, run_view, waiting};
pub use sign_in::{SignInState, SignInView};
pub(crate) use standing::standing_notes;
pub use standing::{StandingNote, StandingSort};
pub use step::{
    AskView, CheckResult, CheckStatus, ChoiceView, CopyView, DiagnosisView, FactView, FieldView, KnownView,
    LogLine, LogPage, OptionView, OwnView, Revision, RolloutAlarms, RolloutEvent, RolloutFailures,
    RolloutHook, RolloutStage, RolloutTask, RolloutTraffic, RolloutView, Sample, ScriptView, StepEvent,
    StepStatus, StepView,
};
pub(crate) use step_of::log_page;
