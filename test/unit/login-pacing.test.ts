import { describe, expect, it } from 'vitest';
import type { EndCause } from '../../src/notification/connection-failure.ts';
import { AT_ONCE, CREDENTIALS_PAUSE_MS, mayLogIn, type Pace, reducePace } from '../../src/notification/login-pacing.ts';

const T = 1_000_000;
const ended = (pace: Pace, cause: EndCause, at: number, wasUp = false) =>
  reducePace(pace, { cause, startedAt: at, at, wasUp, intervalMs: 5000 });

describe('the next login', () => {
  it('follows a lost connection once in every attempt, for as long as it takes', () => {
    let pace = AT_ONCE;
    for (let attempt = 0; attempt < 100; attempt++) {
      pace = ended(pace, 'lost', T + 5000 * attempt, true);
      // The short probe at an attempt's end must not bring a second one; the next attempt's probe may come early.
      expect(mayLogIn(pace, T + 5000 * attempt + 4000)).toBe(false);
      expect(mayLogIn(pace, T + 5000 * attempt + 4500)).toBe(true);
    }
  });

  it('follows a connection that was up for long at once', () => {
    const pace = reducePace(AT_ONCE, { cause: 'lost', startedAt: T - 60_000, at: T, wasUp: true, intervalMs: 5000 });
    expect(mayLogIn(pace, T)).toBe(true);
  });

  it('becomes rarer, down to once a minute, where none was ever up or the configuration is at fault', () => {
    for (const cause of ['lost', 'configuration'] as const) {
      let pace = AT_ONCE;
      const pauses = Array.from({ length: 12 }, () => {
        pace = ended(pace, cause, T);
        return Math.round((pace.notBefore - T) / 850);
      });
      expect(pauses).toEqual([5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60, 60]);
    }
  });

  it('waits 30 minutes after a wrong password, so that the account is not locked', () => {
    const pace = ended(AT_ONCE, 'credentials', T, true);
    expect(mayLogIn(pace, T + CREDENTIALS_PAUSE_MS - 1)).toBe(false);
    expect(mayLogIn(pace, T + CREDENTIALS_PAUSE_MS)).toBe(true);
  });
});
