import { silentLog } from '../../platform/log.ts';
import { seededRandom } from '../../platform/random.ts';
import { privilegedGroupAuthorizer } from '../auth/authorizer.ts';
import { InProcessTransport } from '../corridor/in-process-transport.ts';
import type { TestApi } from '../registry/testing.ts';

/** What the server's own upkeep works with: the API as the server itself sees it. */
export function ownMeans({ dispatcher, clock }: TestApi) {
  const transport = new InProcessTransport({
    dispatcher,
    authorizer: privilegedGroupAuthorizer,
    log: silentLog,
    user: { name: 'self', groups: ['system:masters'] },
    userAgent: 'test',
  });
  return {
    platform: { clock, random: seededRandom(1), log: silentLog },
    reader: dispatcher.reader,
    transport,
  };
}
