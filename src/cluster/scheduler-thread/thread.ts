// What a thread runs that schedules for the process that has started it.
import { PassedTransport } from '../../client/passed-transport.ts';
import { Informers } from '../../client/informers.ts';
import { Client } from '../../client/client.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { httpPoster } from '../../platform/http-post.ts';
import { createLog, type LogFields } from '../../platform/log.ts';
import { MetricRegistry } from '../../platform/metrics/registry.ts';
import { systemRandom } from '../../platform/random.ts';
import { ownThread } from '../../platform/thread.ts';
import { pods } from '../../api/generated/resources.ts';
import { defaultConfiguration } from '../../scheduler/configuration/configuration.ts';
import { keptPods } from '../../scheduler/kept-pod.ts';
import { scheduler } from '../components.ts';
import type { Command, Report, SchedulerTask } from './messages.ts';

const { data, control, channel, close } = ownThread();
const { host, configuration = defaultConfiguration } = data as SchedulerTask;
const tell = (report: Report) => control.postMessage(report);
const log = createLog({
  clock: systemClock,
  level: 'debug',
  write: ({ level, component, message, fields }) =>
    tell({ type: 'log', level, component, message, fields: copied(fields) }),
});
/** Of an error, no more than its text reaches another thread whole. */
const copied = (fields: LogFields): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.stack : value]),
  );
const meter = new MetricRegistry();
const transport = new PassedTransport(channel);
const abort = new AbortController();
control.on('message', (message) => {
  const command = message as Command;
  if (command.type === 'stop') return abort.abort();
  const metrics = [...meter.metrics()].map(({ name, type, help, stability, values }) => ({
    ...{ name, type, help, stability },
    values: values(),
  }));
  tell({ type: 'measured', id: command.id, metrics });
});

const world = { clock: systemClock, random: systemRandom, log };
const keep = keptPods(configuration);
const informers = new Informers({
  client: new Client(transport),
  ...world,
  ...(keep && { keep: new Map([[pods, keep]]) }),
});
const component = scheduler({ ...world, transportFor: () => transport, informers, meter }, host, {
  configuration,
  ...(keep && { keep }),
  extenders: { poster: httpPoster, files: systemFiles },
});
informers.start(abort.signal);
await component.run(abort.signal);
await informers.stopped();
close();
