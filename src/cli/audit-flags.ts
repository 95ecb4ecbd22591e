import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { AuditSettings } from '../cluster/audit.ts';
import { UserError } from '../cluster/user-error.ts';
import { spanMs, wholeNumber } from './arguments.ts';

/** What a user says of auditing, under upstream's names. */
export interface AuditFlags {
  auditPolicyFile?: string;
  auditLogPath?: string;
  auditLogFormat: 'json' | 'legacy';
  auditLogMaxage: number;
  auditLogMaxbackup: number;
  auditLogMaxsize: number;
  auditLogCompress?: boolean;
  auditWebhookConfigFile?: string;
  auditWebhookBatchMaxSize: number;
  auditWebhookBatchMaxWait: number;
  auditWebhookInitialBackoff: number;
  auditWebhookBatchBufferSize?: number;
  auditWebhookBatchThrottleEnable?: 'true' | 'false';
  auditWebhookBatchThrottleQps?: number;
  auditWebhookBatchThrottleBurst?: number;
  auditLogTruncateEnabled?: boolean;
  auditLogTruncateMaxEventSize: number;
  auditLogTruncateMaxBatchSize: number;
  auditWebhookTruncateEnabled?: boolean;
  auditWebhookTruncateMaxEventSize: number;
  auditWebhookTruncateMaxBatchSize: number;
}

const many = 1_000_000;
const mostBytes = 2 ** 31;
const secondMs = 1000;

/** Gives a command the options of `AuditFlags`. */
export function withAuditFlags(command: Command): Command {
  const withBoth = ['log', 'webhook'].reduce(withTruncation, command);
  return withBoth
    .option('--audit-policy-file <file>', 'an audit.k8s.io/v1 Policy: what is recorded of requests')
    .option('--audit-log-path <file>', 'where audit events are written; - is standard output')
    .addOption(
      new Option('--audit-log-format <format>', 'how they are written')
        .choices(['json', 'legacy'])
        .default('json'),
    )
    .option(
      '--audit-log-maxage <days>',
      'how long old audit logs are kept; 0 is for ever',
      wholeNumber(0, many),
      366,
    )
    .option('--audit-log-maxbackup <n>', 'how many of them are kept; 0 is all', wholeNumber(0, many), 100)
    .option(
      '--audit-log-maxsize <megabytes>',
      'how large one gets before it is put aside; 0 is any size',
      wholeNumber(0, many),
      100,
    )
    .option('--audit-log-compress', 'pack those that are put aside')
    .option('--audit-webhook-config-file <file>', 'a kubeconfig: the server that audit events are sent to')
    .option(
      '--audit-webhook-batch-max-size <n>',
      'how many are sent together at most',
      wholeNumber(1, many),
      400,
    )
    .addOption(
      new Option('--audit-webhook-batch-max-wait <time>', 'how long they wait for more')
        .argParser(spanMs)
        .default(30 * secondMs, '30s'),
    )
    .addOption(
      new Option('--audit-webhook-initial-backoff <time>', 'how long after a failure they are sent again')
        .argParser(spanMs)
        .default(10 * secondMs, '10s'),
    )
    .option(
      '--audit-webhook-batch-buffer-size <n>',
      'how many wait at most; more are lost',
      wholeNumber(0, many),
      10_000,
    )
    .addOption(
      new Option('--audit-webhook-batch-throttle-enable <yes>', 'limit how often they are sent')
        .choices(['true', 'false'])
        .default('true'),
    )
    .option('--audit-webhook-batch-throttle-qps <n>', 'how often a second', Number, 10)
    .option(
      '--audit-webhook-batch-throttle-burst <n>',
      'how often at once after a while',
      wholeNumber(0, many),
      15,
    )
    .addOption(
      new Option('--audit-log-version <version>', 'version of events').choices(versions).default(versions[0]),
    )
    .addOption(
      new Option('--audit-webhook-version <version>', 'version of events')
        .choices(versions)
        .default(versions[0]),
    );
}

const versions = ['audit.k8s.io/v1'];

function withTruncation(command: Command, plugin: string): Command {
  return command
    .option(`--audit-${plugin}-truncate-enabled`, 'leave out of large events what was sent and answered')
    .option(
      `--audit-${plugin}-truncate-max-event-size <bytes>`,
      'how large they are then at most',
      wholeNumber(0, mostBytes),
      102_400,
    )
    .option(
      `--audit-${plugin}-truncate-max-batch-size <bytes>`,
      'how large those are together that are sent at once',
      wholeNumber(0, mostBytes),
      10_485_760,
    );
}

/** The flags as settings. Throws a `UserError` where they make no sense. */
export function auditSettings(flags: AuditFlags): AuditSettings | undefined {
  const { auditPolicyFile, auditLogPath, auditWebhookConfigFile } = flags;
  if (!auditPolicyFile) {
    if (auditLogPath || auditWebhookConfigFile)
      throw new UserError('without --audit-policy-file no audit events are recorded');
    return undefined;
  }
  return {
    policyFile: resolve(auditPolicyFile),
    logPath: auditLogPath === '-' ? '-' : auditLogPath && resolve(auditLogPath),
    logFormat: flags.auditLogFormat,
    logMaxAgeDays: flags.auditLogMaxage,
    logMaxBackups: flags.auditLogMaxbackup,
    logMaxMegabytes: flags.auditLogMaxsize,
    logCompress: flags.auditLogCompress ?? false,
    webhookConfigFile: auditWebhookConfigFile && resolve(auditWebhookConfigFile),
    webhookBatchSize: flags.auditWebhookBatchMaxSize,
    webhookBatchWaitMs: flags.auditWebhookBatchMaxWait,
    webhookBackoffMs: flags.auditWebhookInitialBackoff,
    webhookBufferSize: flags.auditWebhookBatchBufferSize,
    webhookThrottle: flags.auditWebhookBatchThrottleEnable !== 'false',
    webhookThrottleQps: flags.auditWebhookBatchThrottleQps,
    webhookThrottleBurst: flags.auditWebhookBatchThrottleBurst,
    ...(flags.auditLogTruncateEnabled && {
      logTruncate: {
        maxEventSize: flags.auditLogTruncateMaxEventSize,
        maxBatchSize: flags.auditLogTruncateMaxBatchSize,
      },
    }),
    ...(flags.auditWebhookTruncateEnabled && {
      webhookTruncate: {
        maxEventSize: flags.auditWebhookTruncateMaxEventSize,
        maxBatchSize: flags.auditWebhookTruncateMaxBatchSize,
      },
    }),
  };
}
