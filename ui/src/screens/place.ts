// Which screen shows, as the address says: back and forward come by themselves.

export type Place = { screen: "home" } | { screen: "accounts" } | { screen: "history" } | { screen: "compare"; one: string; other: string } | { screen: "plan"; path: string } | { screen: "import"; path: string } | { screen: "run"; run: string };

export function hashOf(place: Place): string {
  switch (place.screen) {
    case "home":
      return "#/";
    case "accounts":
      return "#/accounts";
    case "history":
      return "#/history";
    case "compare":
      return `#/compare/${encodeURIComponent(place.one)}/${encodeURIComponent(place.other)}`;
    case "plan":
      return `#/plan/${encodeURIComponent(place.path)}`;
    case "import":
      return `#/import/${encodeURIComponent(place.path)}`;
    case "run":
      return `#/run/${encodeURIComponent(place.run)}`;
  }
}

export function placeOf(hash: string): Place {
  if (hash === "#/accounts") return { screen: "accounts" };
  if (hash === "#/history") return { screen: "history" };
  const pair = /^#\/compare\/([^/]+)\/([^/]+)$/.exec(hash);
  if (pair?.[1] !== undefined && pair[2] !== undefined) {
    const [one, other] = [decoded(pair[1]), decoded(pair[2])];
    if (one !== null && other !== null) return { screen: "compare", one, other };
  }
  const found = /^#\/(plan|import|run)\/(.+)$/.exec(hash);
  const what = found?.[2] === undefined ? null : decoded(found[2]);
  if (!found || what === null) return { screen: "home" };
  if (found[1] === "run") return { screen: "run", run: what };
  return { screen: found[1] === "plan" ? "plan" : "import", path: what };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
