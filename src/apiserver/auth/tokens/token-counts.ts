import type { Metric } from '../../../platform/metrics/metric.ts';

/** What a use of a service account's token is counted as. Those of Secrets count twice: as of a Secret, and by what made it. */
const helps = {
  legacy_tokens_total: 'Uses of tokens that Secrets hold.',
  legacy_manual_token_uses_total: 'Uses of tokens in Secrets that somebody has made.',
  legacy_auto_token_uses_total: 'Uses of tokens in Secrets that were made for their account.',
  invalid_legacy_auto_token_uses_total: 'Uses of tokens in Secrets that are marked invalid.',
  valid_tokens_total: "Uses of pods' tokens that are to be read again, in time.",
  stale_tokens_total: "Uses of pods' tokens that are to be read again, when they should have been.",
} as const;

export type TokenUse = keyof typeof helps;

/** Counts how tokens of service accounts are used, under upstream's names. */
export class TokenCounts {
  readonly #uses = new Map<TokenUse, number>();

  note(use: TokenUse): void {
    this.#uses.set(use, this.#of(use) + 1);
  }

  get metrics(): Metric[] {
    return (Object.keys(helps) as TokenUse[]).map((use) => ({
      name: `serviceaccount_${use}`,
      type: 'counter',
      help: helps[use],
      stability: 'ALPHA',
      values: () => [{ labels: {}, value: this.#of(use) }],
    }));
  }

  #of(use: TokenUse): number {
    return this.#uses.get(use) ?? 0;
  }
}
