import { expect, test } from 'vitest';
import { CelError } from '../../../machinery/cel/errors.ts';
import type { Attributes, Authorizer, Deciding } from '../../auth/authorizer.ts';
import { withAnswers } from './answers.ts';
import type { VariableSource } from './variables.ts';

const asked = (verb: string) => ({ verb }) as Attributes;
const jane = { name: 'jane', groups: [] };

function sourceOf(decide: (verb: string) => Deciding) {
  const verbs: string[] = [];
  const authorizer: Authorizer = {
    authorize(_, { verb }) {
      verbs.push(verb);
      return decide(verb);
    },
  };
  const attributes = { signal: new AbortController().signal };
  return { source: { authorizer, attributes } as VariableSource, verbs };
}

test('who answers at once is asked once, and the work is done once', async () => {
  const { source, verbs } = sourceOf((verb) => ({ verdict: 'allow', reason: verb }));
  expect(
    await withAnswers(
      source,
      ({ authorizer }) =>
        () =>
          authorizer.authorize(jane, asked('get')).reason,
    ),
  ).toBe('get');
  expect(verbs).toEqual(['get']);
});

test('the work is done again once the answers are there, also where it has taken their lack for an error', async () => {
  const { source, verbs } = sourceOf(async (verb) => ({ verdict: 'allow', reason: `may ${verb}` }));
  const tries: string[] = [];
  const said = await withAnswers(source, ({ authorizer }) => () => {
    const reasons = ['get', 'list'].map((verb) => {
      try {
        return authorizer.authorize(jane, asked(verb)).reason;
      } catch (error) {
        expect(error).toBeInstanceOf(CelError);
        return 'unknown';
      }
    });
    tries.push(reasons.join(', '));
    return reasons;
  });
  expect(said).toEqual(['may get', 'may list']);
  expect(tries).toEqual(['unknown, unknown', 'may get, may list']);
  expect(verbs).toEqual(['get', 'list']);
});

test('an error of the work itself is thrown', async () => {
  const { source } = sourceOf(async () => ({ verdict: 'none', reason: '' }));
  const work = withAnswers(source, ({ authorizer }) => () => {
    authorizer.authorize(jane, asked('get'));
    throw new Error('own');
  });
  await expect(work).rejects.toThrow('own');
});
