/** What a container wants of a resource, and how the node stands. */
export interface DeviceWish {
  resource: string;
  count: number;
  /** Devices that the container has already. */
  held: ReadonlySet<string> | undefined;
  /** Devices of init containers of the same pod, which are over before this one begins. */
  reusable: ReadonlySet<string>;
  /** Undefined where no plugin has made the resource known. */
  healthy: ReadonlySet<string> | undefined;
  /** Devices that some container of the node has. */
  inUse: ReadonlySet<string>;
}

/** The devices that a container is to get: these, and as many more of the others. */
export interface DeviceChoice {
  taken: string[];
  more: number;
  available: string[];
}

const inOrder = (ids: Iterable<string>) => [...ids].sort();

/**
 * Which devices a container can get; undefined where it has all it wants. Throws with upstream's words where there are not
 * enough, which pods that are turned away are told.
 */
export function chooseDevices(wish: DeviceWish): DeviceChoice | undefined {
  const { resource, count, held, reusable, healthy, inUse } = wish;
  if (!healthy) throw new Error(`cannot allocate unregistered device ${resource}`);
  if (healthy.size === 0)
    throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
  if ([...(held ?? [])].some((id) => !healthy.has(id)))
    throw new Error(
      `previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${resource}`,
    );
  const missing = count - (held?.size ?? 0);
  if (missing === 0) return undefined;
  const taken = inOrder(reusable).slice(0, missing);
  const more = missing - taken.length;
  const available = inOrder([...healthy].filter((id) => !inUse.has(id)));
  if (more > available.length)
    throw new Error(
      `requested number of devices unavailable for ${resource}. Requested: ${more}, Available: ${available.length}`,
    );
  return { taken, more, available };
}

/** All devices of a choice; those that the plugin would rather give out come first. */
export function completeChoice(
  { taken, more, available }: DeviceChoice,
  preferred: readonly string[],
): string[] {
  const first = new Set(preferred.filter((id) => available.includes(id)));
  const rest = available.filter((id) => !first.has(id));
  return [...taken, ...[...first, ...rest].slice(0, more)];
}
