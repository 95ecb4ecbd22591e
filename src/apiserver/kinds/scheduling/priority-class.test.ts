import { expect, test } from 'vitest';
import type { StatusError } from '../../../machinery/status-error.ts';
import { created, createErrors, testContext, updateErrors } from '../shared/testing.ts';
import { priorityClassKind } from './priority-class.ts';

const priorityClass = (name: string, value: number) => ({ metadata: { name }, value });

test('users have a billion, the system more', () => {
  expect(createErrors(priorityClassKind, priorityClass('high', 1_000_000_000))).toEqual([]);
  expect(createErrors(priorityClassKind, priorityClass('higher', 1_000_000_001))).toEqual([
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ]);
  expect(createErrors(priorityClassKind, priorityClass('system-node-critical', 2_000_001_000))).toEqual([]);
});

test('names of the system are its own', () => {
  const head =
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";
  expect(createErrors(priorityClassKind, priorityClass('system-mine', 1))).toEqual([
    `${head}system-mine is not a known system priority class`,
  ]);
  expect(createErrors(priorityClassKind, priorityClass('system-node-critical', 1))).toEqual([
    `${head}value of system-node-critical PriorityClass must be 2000001000`,
  ]);
});

test('a class that pods have does not change', () => {
  const errors = updateErrors(priorityClassKind, priorityClass('a', 1), (c) => {
    Object.assign(c, { value: 2, preemptionPolicy: 'Never', description: 'fine' });
  });
  expect(errors).toEqual([
    'value: Forbidden: may not be changed in an update.',
    'preemptionPolicy: Invalid value: "Never": field is immutable',
  ]);
});

test('classes of the system stay', () => {
  const object = created(priorityClassKind, priorityClass('system-node-critical', 2_000_001_000));
  let message = '';
  try {
    priorityClassKind.checkDelete?.(object, testContext());
  } catch (error) {
    message = (error as StatusError).message;
  }
  expect(message).toBe(
    'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: this is a system priority class and cannot be deleted',
  );
});
