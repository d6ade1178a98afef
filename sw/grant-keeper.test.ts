import { beforeEach, expect, test } from "vitest";
import { PresyncError } from "../shared/errors.ts";
import type { Grant, GrantRequest } from "../shared/grants.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import type { Problems } from "./engine/problems.ts";
import { createProblems } from "./engine/problems.ts";
import type { GrantKeeper } from "./grant-keeper.ts";
import { createGrantKeeper } from "./grant-keeper.ts";
import type { Session, UserRecord } from "./registry.ts";
import type { CorrectedClock } from "./world/corrected-clock.ts";
import { correctedClock } from "./world/corrected-clock.ts";

const day = 86_400_000;
const namespace = "key:someone" as Namespace;
const replica = "browser-00000a" as ReplicaId;

const session: Session = {
  token: "t",
  namespace,
  expiresAt: 90 * day,
  receivedAt: 0,
  refreshAfterMs: day,
};

let now: number;
let timers: { at: number; action: () => void }[];
let answer: (request: GrantRequest) => Grant | Promise<Grant>;
let requests: GrantRequest[];
let used: Grant[];
let problems: Problems;
let keeper: GrantKeeper;
let saved: (Grant | null)[];
let exchanges: number;
let retirements: number;
let corrected: CorrectedClock;

const grant = (issuedAt: number): Grant => ({
  version: 1,
  namespace,
  replica,
  layout: { levels: 1, slotsPerLevel: 10 },
  issuedAt,
  expiresAt: issuedAt + 7 * day,
  put: { template: "", replicas: [] },
  get: { template: "", replicas: [] },
});

function keep(user: Partial<UserRecord> = {}): GrantKeeper {
  corrected = correctedClock({ now: () => now }, () => keeper.clockSet());
  return createGrantKeeper({
    clock: corrected,
    timers: {
      after(delayMs, action) {
        const timer = { at: now + delayMs, action };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
    random: { uniform: () => 0.5, bytes: () => new Uint8Array() },
    user: {
      id: namespace,
      namespace,
      service: "http://service.test",
      session,
      grant: grant(0),
      replica,
      claimedBy: null,
      absorbed: [],
      ...user,
    },
    sessions: {
      async current() {
        exchanges++;
        return { ...session, receivedAt: now };
      },
    },
    client: {
      async grant(_session, request) {
        requests.push(request);
        return answer(request);
      },
    },
    use: (next) => used.push(next),
    async save(next) {
      saved.push(next);
    },
    problems,
    changed() {},
    async retired() {
      retirements++;
      // As the session ends that is exchanged for another one.
      keeper.close();
    },
  });
}

/** Lets time pass, running what is due. */
async function pass(ms: number): Promise<void> {
  const end = now + ms;
  for (;;) {
    const due = timers.filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at)[0];
    if (due === undefined) break;
    timers = timers.filter((timer) => timer !== due);
    now = Math.max(now, due.at);
    due.action();
    await settle();
  }
  now = end;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  [now, timers, requests, used, saved] = [0, [], [], [], []];
  [exchanges, retirements] = [0, 0];
  problems = createProblems({ now: () => now }, () => {});
  answer = () => grant(now);
  keeper = keep();
});

test("a grant is renewed at half its life, as the same replica", async () => {
  await pass(3.4 * day);
  expect(requests).toEqual([]);
  await pass(0.2 * day);
  expect(requests).toEqual([{ kind: "browser", replica }]);
  expect(used.map(({ issuedAt }) => issuedAt)).toEqual([3.5 * day]);
  expect(keeper.auth).toBe("valid");
});

test("while the service is down the grant goes on; it is no problem until near the end", async () => {
  answer = () => {
    throw new PresyncError("unreachable", "down");
  };
  await pass(4 * day);
  expect(requests.length).toBeGreaterThan(1);
  expect(keeper.auth).toBe("valid");
  expect(problems.list()).toEqual([]);
  await pass(2.5 * day);
  expect(keeper.auth).toBe("expiring");
  // The local clock ends nothing: only the store's refusal does.
  await pass(1 * day);
  expect(keeper.auth).toBe("expiring");
  answer = () => grant(now);
  keeper.online();
  await settle();
  expect(keeper.auth).toBe("valid");
});

test("I11: attempts back off to four an hour", async () => {
  answer = () => {
    throw new PresyncError("unreachable", "down");
  };
  await pass(3.5 * day + 3_600_000);
  expect(requests.length).toBeLessThan(20);
});

test("a refused grant is renewed once at once; a session that is over ends the attempts", async () => {
  keeper.refused();
  expect(keeper.auth).toBe("expired");
  await settle();
  expect(keeper.auth).toBe("valid");
  expect(problems.list()).toEqual([]);
  answer = () => {
    throw new PresyncError("unauthenticated", "revoked");
  };
  keeper.refused();
  await pass(120_000);
  expect(keeper.auth).toBe("revoked");
  expect(problems.list().map(({ code }) => code)).toEqual(["unauthenticated"]);
  const asked = requests.length;
  await pass(10 * day);
  expect(requests).toHaveLength(asked);
});

test("a sign-in that was revoked takes the grant along, for the next incarnation too", async () => {
  answer = () => {
    throw new PresyncError("unauthenticated", "revoked");
  };
  await keeper.renew();
  expect(keeper.auth).toBe("revoked");
  expect(saved).toEqual([null]);
  // The engine was told that it is over, by the grant itself and not by the store.
  keeper.refused();
  await pass(120_000);
  expect(keeper.auth).toBe("revoked");
  expect(problems.list().map(({ code }) => code)).toEqual(["unauthenticated"]);
});

test("one that has expired does not: the grant is used for as long as the store takes it", async () => {
  answer = () => {
    throw new PresyncError("unauthenticated", "expired");
  };
  now = 91 * day;
  await keeper.renew();
  expect(keeper.auth).toBe("expired");
  expect(saved).toEqual([]);
});

test("a replica that was retired is exchanged for another one, and asks for nothing more", async () => {
  answer = () => {
    throw new PresyncError("retired", "retired");
  };
  await pass(4 * day);
  expect([requests.length, retirements]).toEqual([1, 1]);
});

test("over a quota it asks every ten minutes for a grant to write with", async () => {
  answer = () => ({ ...grant(now), put: null });
  await keeper.renew();
  expect(used.map(({ put }) => put)).toEqual([null]);
  expect(keeper.auth).toBe("valid");
  await pass(3_600_000);
  expect(requests).toHaveLength(7);
  answer = () => grant(now);
  await pass(600_000);
  expect(used.at(-1)?.put).not.toBeNull();
  await pass(3 * day);
  expect(requests).toHaveLength(8);
});

test("I11: a store that refuses every grant, and a clock far ahead, do not make it a storm", async () => {
  for (let second = 0; second < 600; second++) {
    keeper.refused();
    await pass(1_000);
  }
  expect(requests.length).toBeLessThan(15);
  keeper.close();
  requests.length = 0;
  now = 6 * day;
  answer = () => grant(0);
  keeper = keep();
  await pass(600_000);
  expect(requests.length).toBeLessThan(3);
});

test("a clock that is days ahead neither ends a grant nor hastens its renewal, once it is known", () => {
  now = 6.5 * day;
  keeper = keep();
  expect(keeper.auth).toBe("expiring");
  corrected.heard(0.5 * day, corrected.now());
  expect(keeper.auth).toBe("valid");
  expect(timers.some(({ at }) => at === now + 3 * day)).toBe(true);
});

test("a clock that is days behind does not put the renewal off", async () => {
  now = -20 * day;
  keeper = keep();
  corrected.heard(6.5 * day, corrected.now());
  expect(keeper.auth).toBe("expiring");
  answer = () => grant(6.5 * day);
  await pass(60_000);
  expect(requests).toHaveLength(1);
  expect(keeper.auth).toBe("valid");
});

test("a grant that comes tells the clock", async () => {
  answer = () => grant(now - 3 * day);
  keeper.refused();
  await settle();
  expect(corrected.aheadMs).toBe(3 * day);
  expect(keeper.auth).toBe("valid");
});

test("whether a session was revoked or is over is not said by a clock that is wrong", async () => {
  now = 100 * day;
  keeper = keep();
  corrected.heard(day, corrected.now());
  answer = () => {
    throw new PresyncError("unauthenticated", "revoked");
  };
  keeper.refused();
  await settle();
  expect(keeper.auth).toBe("revoked");
});

test("outages at the ends of many grants do not add up to a long pause", async () => {
  for (let outage = 0; outage < 12; outage++) {
    // As after a sleep: nothing has run since.
    now += 8 * day;
    answer = () => {
      throw new PresyncError("unreachable", "down");
    };
    keeper.refused();
    await pass(2_000);
    expect(keeper.auth).toBe("expired");
    answer = () => grant(now);
    await pass(4_000);
    expect(keeper.auth).toBe("valid");
  }
});

test("nobody waits for longer than a grant is good for", async () => {
  const short = (): Grant => ({ ...grant(now), expiresAt: now + 30_000 });
  keeper.close();
  keeper = keep({ grant: short() });
  answer = () => {
    throw new PresyncError("retry", "the service has no store");
  };
  keeper.refused();
  await pass(10 * 60_000);
  answer = short;
  await pass(15_000);
  expect(keeper.auth).toBe("valid");
});

test("who asks while a renewal is under way waits for that", async () => {
  let release = (): void => undefined;
  const answered = new Promise<void>((resolve) => (release = resolve));
  answer = async () => {
    await answered;
    return grant(now);
  };
  keeper.refused();
  let isDone = false;
  const renewed = keeper.renew().then(() => (isDone = true));
  await settle();
  expect(isDone).toBe(false);
  release();
  await renewed;
  expect(used).toHaveLength(1);
});

test("a session is exchanged every day, although the grant needs no renewal yet", async () => {
  await pass(3.2 * day);
  expect(requests).toEqual([]);
  expect(exchanges).toBe(3);
});

test("newcomers make it ask for a wider grant, at most once a minute", async () => {
  await pass(60_000);
  for (let call = 0; call < 5; call++) keeper.refresh();
  await settle();
  expect(requests).toHaveLength(1);
  await pass(60_000);
  keeper.refresh();
  await settle();
  expect(requests).toHaveLength(2);
});

test("who has not signed in is asked for nothing", async () => {
  keeper.close();
  keeper = keep({ namespace: null, session: null, grant: null, service: null });
  expect(keeper.auth).toBe("none");
  await pass(100 * day);
  expect(requests).toEqual([]);
});

test("closed, it does nothing more", async () => {
  keeper.close();
  await pass(10 * day);
  keeper.refused();
  await settle();
  expect(requests).toEqual([]);
});
