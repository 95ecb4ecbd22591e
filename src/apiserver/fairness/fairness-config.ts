import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';
import { mandatoryLevels, mandatorySchemas } from '../kinds/flowcontrol/bootstrap.ts';
import { Flow } from './flow.ts';
import { FlowCounts } from './flow-metrics.ts';
import { inMatchingOrder, matchesRules, rulesFor } from './match.ts';
import { boundsOf, isUsable, PriorityLevel, sharesOf } from './priority-level.ts';

/** Where what matches nothing goes. */
const catchAllName = 'catch-all';

interface Entry {
  flow: Flow;
  schema: FlowSchema;
}

/** What a user's requests may match, in order. */
interface Candidate {
  flow: Flow;
  rules: ReturnType<typeof rulesFor>;
}

/** The flow schemas and levels in use, made of the objects there are. */
export class FairnessConfig {
  readonly levels = new Map<string, PriorityLevel>();
  readonly counts = new Map<string, FlowCounts>();
  readonly #configurations = new Map<string, PriorityLevelConfiguration>();
  readonly #seats: number;
  #entries: Entry[] = [];
  #candidates = new WeakMap<UserInfo, readonly Candidate[]>();

  /** `seats`: of all levels together. */
  constructor(seats: number) {
    this.#seats = seats;
  }

  /** Takes the objects as they stand now. Levels that are gone serve what still waits there. */
  update(
    objects: {
      levels: Iterable<PriorityLevelConfiguration>;
      schemas: Iterable<FlowSchema>;
    },
    nowMs: number,
  ): void {
    const wanted = new Map<string, PriorityLevelConfiguration>();
    for (const level of [...mandatoryLevels, ...objects.levels]) {
      if (isUsable(level)) wanted.set(level.metadata.name ?? '', level);
    }
    this.#updateLevels(wanted, nowMs);
    const usable = [...objects.schemas].filter(({ spec }) =>
      wanted.has(spec.priorityLevelConfiguration.name),
    );
    const missing = mandatorySchemas.filter(
      (wanted) => !usable.some(({ metadata }) => metadata.name === wanted.metadata.name),
    );
    const ordered = inMatchingOrder([...usable, ...missing]);
    this.#entries = ordered.map((schema) => ({ schema, flow: this.#flowOf(schema) }));
    this.#candidates = new WeakMap();
  }

  #updateLevels(wanted: ReadonlyMap<string, PriorityLevelConfiguration>, nowMs: number): void {
    for (const [name, level] of this.levels) {
      level.isQuiescing = !wanted.has(name);
      if (wanted.has(name) || !level.set.idle) continue;
      this.levels.delete(name);
      this.#configurations.delete(name);
    }
    for (const [name, configuration] of wanted) {
      this.#configurations.set(name, configuration);
      if (!this.levels.has(name)) this.levels.set(name, new PriorityLevel(name, nowMs));
    }
    const all = [...this.#configurations];
    const shareSum = all.reduce((sum, [, configuration]) => sum + sharesOf(configuration), 0);
    for (const [name, configuration] of all) {
      const shares = sharesOf(configuration);
      const bounds = boundsOf(configuration, { shares, shareSum, seats: this.#seats });
      this.levels.get(name)?.configure(configuration, bounds, nowMs);
    }
  }

  #flowOf(schema: FlowSchema): Flow {
    const level = this.levels.get(schema.spec.priorityLevelConfiguration.name) as PriorityLevel;
    const key = `${level.name} ${schema.metadata.name}`;
    let counts = this.counts.get(key);
    if (!counts) {
      counts = new FlowCounts(level.name, schema.metadata.name ?? '');
      this.counts.set(key, counts);
    }
    return new Flow(schema, level, counts);
  }

  /** Where a request goes: the first flow schema that matches, `catch-all` where none does. */
  flowOf(info: RequestInfo, user: UserInfo): Flow {
    for (const { flow, rules } of this.#candidatesOf(user)) if (matchesRules(info, rules)) return flow;
    return (this.#entries.find(({ flow }) => flow.name === catchAllName) as Entry).flow;
  }

  #candidatesOf(user: UserInfo): readonly Candidate[] {
    const known = this.#candidates.get(user);
    if (known) return known;
    const found = this.#entries
      .map(({ flow, schema }) => ({ flow, rules: rulesFor(schema, user) }))
      .filter(({ rules }) => rules.length > 0);
    this.#candidates.set(user, found);
    return found;
  }
}
