import type { LocalListener } from '../platform/local-socket.ts';
import type { Platform } from '../platform/platform.ts';
import type { Store } from '../store/store.ts';
import { type ControlCommand, serveControl } from './control-socket.ts';
import { snapshotCommand } from './snapshots/save.ts';

/** Answers what other commands ask the process of a cluster. A cluster that cannot be asked anything is still one. */
export async function answerCommands(
  store: Store,
  {
    platform,
    dataDir,
    commands: further,
  }: { platform: Platform; dataDir: string; commands?: Readonly<Record<string, ControlCommand>> },
): Promise<LocalListener | undefined> {
  const log = platform.log.named('control');
  const commands = { snapshot: snapshotCommand(platform, store, dataDir), ...further };
  const onError = (error: unknown) => log.warn('a command was broken off', { error });
  return serveControl(dataDir, { commands, onError }).catch((error) => {
    log.warn('other commands cannot ask this process anything', { error });
    return undefined;
  });
}
