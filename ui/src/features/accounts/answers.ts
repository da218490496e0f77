// What each tool would do with a profile, with what is the same said once.
import type { AnswerView } from "../../host/host.ts";

export type Told = AnswerView & {
  /** Asked by the profile's name, by the environment, or the same both ways. */
  ways: "name" | "environment" | "either";
};

/** One row a tool where it does the same whichever way it is asked; the ones that differ first. */
export function told(answers: readonly AnswerView[]): Told[] {
  const rows: Told[] = [];
  for (const answer of answers) {
    const twin = rows.find((row) => row.ways === (answer.explicit ? "environment" : "name") && isAlike(row, answer));
    if (twin) twin.ways = "either";
    else rows.push({ ...answer, ways: answer.explicit ? "name" : "environment" });
  }
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)];
}

function isAlike(one: AnswerView, other: AnswerView): boolean {
  return one.client === other.client && one.source === other.source && one.account === other.account && one.region === other.region && one.why === other.why && one.differs === other.differs;
}
