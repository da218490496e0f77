//! Codes of defects in images, secrets, places, scripts, and of what is wanting.

use super::{Chapter, NOTE, WARNING, WARNING_OR_NOTE, spec};

pub(super) const IMAGES: Chapter = Chapter {
    title: "Images and names",
    lint: true,
    codes: &[
        spec(
            "no-platform",
            WARNING_OR_NOTE,
            "An image that is built or pulled for whatever machine does it.",
            "From an ARM machine the container ends with `exec format error` on AWS.",
            "Write `--platform linux/amd64`, or what the task asks for.",
            "docker build -t shop/api:1.2 .",
        ),
        spec(
            "latest-only",
            WARNING_OR_NOTE,
            "No tag but `latest`.",
            "The next push takes away what a rollback would need, and two tasks can run different images.",
            "Push and deploy a tag that is never used again, or a digest.",
            "docker push registry.example/shop/api:latest",
        ),
        spec(
            "tag-not-built",
            WARNING,
            "A tag is pushed that nothing before builds.",
            "The push fails, or pushes something old that lies on this machine.",
            "Use the same tag in both.",
            "docker build -t shop/api:1.2 .\ndocker push shop/api:1.3",
        ),
        spec(
            "image-by-tag",
            NOTE,
            "A step deploys an image by a tag.",
            "Whoever pushes the tag again changes what the next task runs, and what a rollback finds.",
            "Deploy the digest that an `image.inspect` or `image.mirror` before gives, or make the repository's tags immutable.",
            "uses: ecs.register\nwith: { from: api, image: registry.example/shop/api:1.4 }",
        ),
        spec(
            "name-limit",
            WARNING,
            "A name that AWS refuses: too long, too short, or made of what it may not be.",
            "The deployment fails in the middle, after other things were made.",
            "Take the name that is proposed, wherever it is used.",
            "aws elbv2 create-target-group --name shop-production-backend-blue-targets …",
        ),
    ],
};

pub(super) const SECRETS: Chapter = Chapter {
    title: "Secrets",
    lint: true,
    codes: &[
        spec(
            "secret-in-plan",
            WARNING,
            "A secret in the text of the plan. The finding never repeats it.",
            "Everybody who can read the file has it, and the history keeps it.",
            "Revoke it, then make it a variable `{ secret: true }` or read it from Secrets Manager.",
            "export API_TOKEN=ghp_…",
        ),
        spec(
            "secret-on-command-line",
            WARNING,
            "A secret among the arguments of a program.",
            "Every process of the machine can read it there, and the shell's history keeps it.",
            "Hand it over by a file, standard input or an environment variable: `-H @file`, `--password-stdin`.",
            "curl -H \"Authorization: Bearer $TOKEN\" https://api.shop.example/",
        ),
    ],
};

pub(super) const PLACES: Chapter = Chapter {
    title: "Where it goes",
    lint: true,
    codes: &[
        spec(
            "target-differs",
            WARNING,
            "An account or region other than the plan's target, or than nearly all other commands.",
            "It changes, or checks, something else.",
            "Correct it; what belongs elsewhere belongs into a plan of its own.",
            "target: { region: eu-west-1 } … aws ecs update-service --region eu-west-2",
        ),
        spec(
            "no-region",
            NOTE,
            "A command without a region in a plan that names several.",
            "It goes wherever the profile happens to point.",
            "Add `--region`.",
            "aws ecs describe-services --cluster shop --services api",
        ),
        spec(
            "wildcard-left",
            WARNING,
            "CORS or a redirect ends as a wildcard.",
            "Any site may use it.",
            "Write the exact addresses in the last stage.",
            "CORS_ALLOWED_ORIGINS=*",
        ),
        spec(
            "localhost-left",
            WARNING,
            "`localhost` in what is deployed.",
            "Whatever runs on somebody's own machine is let in.",
            "Take it out.",
            "CORS_ALLOWED_ORIGINS = \"https://shop.example,http://localhost:3000\"",
        ),
    ],
};

pub(super) const SCRIPTS: Chapter = Chapter {
    title: "Scripts",
    lint: true,
    codes: &[
        spec(
            "shell-text",
            WARNING,
            "Text that a shell takes differently than it was meant: typographic quotes and dashes, a quote that is not closed.",
            "The command fails, or does something else.",
            "Take the repair that is offered.",
            "aws ecs list-tasks –cluster “shop”",
        ),
        spec(
            "rm-variable",
            WARNING,
            "`rm -rf` of a variable that may be empty.",
            "Where it is empty, this removes from the root of the file system.",
            "Write `${DIR:?}`.",
            "rm -rf $BUILD_DIR/*",
        ),
        spec(
            "cd-unchecked",
            WARNING,
            "`rm -r` after a `cd` that may fail.",
            "It works in the folder before.",
            "Join them: `cd … && rm …`.",
            "cd build\nrm -rf *",
        ),
        spec(
            "failure-passed-by",
            WARNING,
            "A change in a script that goes on when it fails.",
            "The step passes if its last command does.",
            "Begin the script with `set -euo pipefail`.",
            "aws ecs update-service …\necho done",
        ),
        spec(
            "named-again",
            NOTE,
            "A script names what a variable of the plan stands for.",
            "With another value of the variable, the script and the steps work on different things.",
            "Hand it over: `with: { env: { CLUSTER: \"{{ vars.cluster }}\" } }`, and `$CLUSTER` in the script.",
            "vars: { cluster: { default: shop } } … aws ecs describe-services --cluster shop",
        ),
        spec(
            "destroys",
            WARNING_OR_NOTE,
            "Something is destroyed, and nobody is asked before.",
            "It cannot be brought back.",
            "Write `effect: destructive`: then it is confirmed by typing, and never repeated.",
            "terraform destroy -target=aws_ecs_service.worker",
        ),
        spec(
            "effect-doubtful",
            WARNING,
            "A script that changes something, of a step that says it only reads.",
            "It would be repeated without asking.",
            "Leave `effect` out, or say what is true.",
            "effect: read … aws ecs update-service …",
        ),
    ],
};

pub(super) const WANTING: Chapter = Chapter {
    title: "What is wanting",
    lint: true,
    codes: &[
        spec(
            "no-hold",
            WARNING_OR_NOTE,
            "A change before anybody has signed.",
            "Nobody has looked.",
            "Put `hold: { signatures: 1 }` at the step or its stage, or a decision or checklist before it.",
            "uses: ecs.deploy (as the first step)",
        ),
        spec(
            "no-verification",
            NOTE,
            "Nothing looks at what the last change became.",
            "A green run proves nothing then.",
            "Add an `http.check`, an `ecs.check` or a `logs.expect`.",
            "uses: shell (as the last step)",
        ),
        spec(
            "no-expectation",
            NOTE,
            "A script that changes something and is judged by its exit code alone.",
            "Many programs end with 0 whatever happened.",
            "Write `expect: { stdout_contains: […] }`, or an `after`.",
            "uses: shell (without `expect`)",
        ),
        spec(
            "change-looked-up",
            NOTE,
            "A command that changes something, in a section to look things up.",
            "A run does not walk it; somebody who expects it to is surprised.",
            "Leave it where it is for emergencies, or give the section a title that says what is done.",
            "## Troubleshooting … aws ecs update-service …",
        ),
    ],
};
