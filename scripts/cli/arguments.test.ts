import { describe, expect, it } from "vitest";
import { parseCommand } from "./arguments.ts";

describe("the command line", () => {
  it("has defaults", () => {
    expect(parseCommand(["dev"])).toEqual({
      name: "dev",
      app: undefined,
      data: ".presync",
      port: undefined,
      origins: [],
      json: false,
      writeIntervalMs: undefined,
      grantSeconds: undefined,
      storeJson: undefined,
    });
    expect(parseCommand(["init", "public"])).toEqual({
      name: "init",
      directory: "public",
      force: false,
      off: false,
    });
    expect(parseCommand([])).toEqual({ name: "help" });
  });

  it("understands every option", () => {
    const words =
      "dev --app a --data d --port 4600 --json --write-interval 1000 --grant-seconds 5 " +
      "--store-json s.json --origin http://localhost:5173 --origin http://localhost:5174";
    expect(parseCommand(words.split(" "))).toEqual({
      name: "dev",
      app: "a",
      data: "d",
      port: 4600,
      origins: ["http://localhost:5173", "http://localhost:5174"],
      json: true,
      writeIntervalMs: 1000,
      grantSeconds: 5,
      storeJson: "s.json",
    });
    expect(parseCommand(["init", "--force", "x"])).toMatchObject({ directory: "x", force: true });
    expect(parseCommand(["init", "x", "--off"])).toMatchObject({ directory: "x", off: true });
    for (const word of ["--help", "-h", "help"])
      expect(parseCommand([word])).toEqual({ name: "help" });
    for (const word of ["--version", "-v", "version"])
      expect(parseCommand([word])).toEqual({ name: "version" });
    expect(parseCommand(["doctor"])).toEqual({
      name: "doctor",
      store: undefined,
      fix: false,
      json: false,
    });
    expect(parseCommand(["doctor", "--store", "r2", "--fix", "--json"])).toEqual({
      name: "doctor",
      store: "r2",
      fix: true,
      json: true,
    });
    for (const command of ["dev", "init", "doctor"])
      expect(parseCommand([command, "--help"])).toEqual({ name: "help" });
  });

  it.each([
    ["deploy"],
    ["--json"],
    ["dev", "app"],
    ["dev", "--prot", "1"],
    ["dev", "--port"],
    ["dev", "--port", "0"],
    ["dev", "--port", "65536"],
    ["dev", "--port", "4500x"],
    ["dev", "--json=yes"],
    ["dev", "--write-interval", "-1"],
    ["dev", "--grant-seconds", "604801"],
    ["dev", "--origin", "http://localhost:5173/"],
    ["init"],
    ["init", "a", "b"],
    ["serve", "--port", "1"],
    ["doctor", "my-bucket"],
    ["doctor", "--store", "s4"],
    ["doctor", "--store"],
    ["doctor", "--fix=cors"],
  ])("refuses %s %s %s in one line", (...words) => {
    expect(() => parseCommand(words.filter((word) => word !== undefined))).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: expect.stringMatching(/^[^\n]{10,120}$/),
      }),
    );
  });
});
