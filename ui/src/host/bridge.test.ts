// @vitest-environment node
// The bridge against a real server on loopback.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { bridgeHost } from "./bridge.ts";

let server: Server | undefined;
afterEach(() => server?.close());

/** Serves one answer to everything; gives the origin and what was asked. */
async function serving(status: number, answer: unknown): Promise<{ origin: string; asked: { url: string | undefined; body: string }[] }> {
  const asked: { url: string | undefined; body: string }[] = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      asked.push({ url: request.url, body });
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((listening) => server?.listen(0, "127.0.0.1", listening));
  return { origin: `http://127.0.0.1:${(server?.address() as AddressInfo).port}`, asked };
}

test("a call goes to its own address with its arguments, and its reply comes back", async () => {
  const { origin, asked } = await serving(200, { run: "7k2m" });
  expect(await bridgeHost(origin).call("run.view", { run: "7k2m" })).toEqual({ run: "7k2m" });
  expect(asked).toEqual([{ url: "/rpc/run.view", body: '{"run":"7k2m"}' }]);
});

test("a refusal keeps its code, hints and causes", async () => {
  const { origin } = await serving(409, { code: "driven", message: "another process drives it", hints: ["close it"], causes: ["pid 7"] });
  await expect(bridgeHost(origin).call("run.resume", { run: "7k2m" })).rejects.toMatchObject({ name: "Refused", code: "driven", message: "another process drives it", hints: ["close it"], causes: ["pid 7"] });
});

test("a core that does not answer says so and what to do", async () => {
  const { origin } = await serving(200, {});
  server?.close();
  await expect(bridgeHost(origin).call("home.view", {})).rejects.toMatchObject({ code: "unreachable", hints: [expect.stringContaining("Start it again")] });
});
