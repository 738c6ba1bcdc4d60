import { Problem } from '@/api/client';
import { m } from '@/domain/msg';

/** The sentence of a problem, as people should read it. */
export function sentenceOf(problem: unknown): string {
  if (problem instanceof Problem) return problem.message;
  if (problem instanceof TypeError) return m('offline');
  return problem instanceof Error ? problem.message : m('failed');
}
