// Which screen shows, as the address says: back and forward come by themselves.

export type Place = { screen: "home" } | { screen: "accounts" } | { screen: "plan"; path: string } | { screen: "import"; path: string } | { screen: "run"; run: string };

export function hashOf(place: Place): string {
  switch (place.screen) {
    case "home":
      return "#/";
    case "accounts":
      return "#/accounts";
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
