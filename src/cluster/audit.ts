import { AuditLog } from '../apiserver/audit/audit-log.ts';
import { AuditWebhook } from '../apiserver/audit/audit-webhook.ts';
import type { AuditOptions } from '../apiserver/audit/auditor.ts';
import { TruncatingSink } from '../apiserver/audit/truncating-sink.ts';
import { readAuditPolicy } from '../apiserver/audit/read-policy.ts';
import { httpPoster } from '../platform/http-post.ts';
import type { Platform } from '../platform/platform.ts';
import { readServerConfig } from './server-kubeconfig.ts';
import { UserError } from './user-error.ts';

/** What is recorded of requests, and where; the names are those of upstream's flags. */
export interface AuditSettings {
  /** An `audit.k8s.io/v1` Policy; nothing is recorded without one. */
  policyFile: string;
  /** `-` is standard output. */
  logPath?: string | undefined;
  logFormat: 'json' | 'legacy';
  logMaxAgeDays: number;
  logMaxBackups: number;
  logMaxMegabytes: number;
  logCompress: boolean;
  /** A kubeconfig that leads to the server which gets the events. */
  webhookConfigFile?: string | undefined;
  webhookBatchSize: number;
  webhookBatchWaitMs: number;
  webhookBackoffMs: number;
  /** How many events wait for the server at most; 10 000 unless given. */
  webhookBufferSize?: number | undefined;
  /** Whether, and how often a second and at once, it is asked; yes, 10 and 15 unless given. */
  webhookThrottle?: boolean | undefined;
  webhookThrottleQps?: number | undefined;
  webhookThrottleBurst?: number | undefined;
  /** How large events and lists of them are at most; of any size unless given. */
  logTruncate?: AuditTruncation | undefined;
  webhookTruncate?: AuditTruncation | undefined;
}

/** Bounds in bytes. */
export interface AuditTruncation {
  maxEventSize: number;
  maxBatchSize: number;
}

/** What the API server is told of auditing, and what writes the last of it. */
export interface Auditing extends AuditOptions {
  close(): Promise<void>;
}

const dayMs = 86_400_000;

/** Throws a UserError where a file cannot be used. */
export async function startAuditing(settings: AuditSettings, platform: Platform): Promise<Auditing> {
  const { policyFile, logPath, webhookConfigFile } = settings;
  checkTruncation('log', settings.logTruncate);
  checkTruncation('webhook', settings.webhookTruncate);
  checkThrottle(settings);
  const policy = await platform.files
    .readText(policyFile)
    .then(readAuditPolicy)
    .catch(saying(`loading audit policy file: ${policyFile}`));
  const sinks: (AuditLog | AuditWebhook)[] = [];
  if (logPath) sinks.push(await openLog(logPath, settings, platform).catch(saying(`audit log ${logPath}`)));
  if (webhookConfigFile) {
    const opening = openWebhook(webhookConfigFile, settings, platform);
    sinks.push(await opening.catch(saying(`initializing audit webhook: ${webhookConfigFile}`)));
  }
  return {
    policy,
    sinks: sinks.map((sink) => {
      const bounds = sink instanceof AuditLog ? settings.logTruncate : settings.webhookTruncate;
      return bounds ? new TruncatingSink(sink, bounds.maxEventSize) : sink;
    }),
    close: async () => void (await Promise.all(sinks.map((sink) => sink.close()))),
  };
}

function checkTruncation(plugin: string, bounds: AuditTruncation | undefined): void {
  if (!bounds) return;
  const { maxEventSize, maxBatchSize } = bounds;
  if (maxEventSize <= 0)
    throw new UserError(
      `invalid audit truncate ${plugin} max event size ${maxEventSize}, must be a positive number`,
    );
  if (maxBatchSize < maxEventSize)
    throw new UserError(
      `invalid audit truncate ${plugin} max batch size ${maxBatchSize}, must be greater than max event size (${maxEventSize})`,
    );
}

/** Throws a UserError where nothing would ever be sent. */
function checkThrottle(settings: AuditSettings): void {
  const { webhookBufferSize: buffer = 1, webhookThrottle = true } = settings;
  const { webhookThrottleQps: qps = 1, webhookThrottleBurst: burst = 1 } = settings;
  const invalid = (what: string, value: number) =>
    new UserError(`invalid audit batch webhook ${what} ${value}, must be a positive number`);
  if (!(buffer > 0)) throw invalid('buffer size', buffer);
  if (webhookThrottle && !(qps > 0)) throw invalid('throttle QPS', qps);
  if (webhookThrottle && !(burst > 0)) throw invalid('throttle burst', burst);
}

const saying = (what: string) => (error: Error) => {
  throw new UserError(`${what}: ${error.message}`);
};

function openLog(path: string, settings: AuditSettings, platform: Platform): Promise<AuditLog> {
  const isStandardOutput = path === '-';
  const options = {
    path: isStandardOutput ? '/dev/stdout' : path,
    format: settings.logFormat,
    maxBytes: isStandardOutput ? 0 : settings.logMaxMegabytes * 1024 * 1024,
    maxBackups: settings.logMaxBackups,
    maxAgeMs: settings.logMaxAgeDays * dayMs,
    compress: settings.logCompress,
  };
  return AuditLog.open(options, { ...platform, log: platform.log.named('audit') });
}

async function openWebhook(
  file: string,
  settings: AuditSettings,
  { clock, log, files }: Platform,
): Promise<AuditWebhook> {
  const { url, tls, headers } = await readServerConfig(file, files);
  const options = {
    url,
    headers,
    batchSize: settings.webhookBatchSize,
    batchWaitMs: settings.webhookBatchWaitMs,
    backoffMs: settings.webhookBackoffMs,
    batchBytes: settings.webhookTruncate?.maxBatchSize,
    mostWaiting: settings.webhookBufferSize,
    throttle: (settings.webhookThrottle ?? true) && {
      perSecond: settings.webhookThrottleQps ?? 10,
      burst: settings.webhookThrottleBurst ?? 15,
    },
  };
  return new AuditWebhook(options, { clock, log: log.named('audit'), poster: httpPoster(tls) });
}
