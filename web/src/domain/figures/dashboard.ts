/** Where a figure's list stands: its page, with the conditions that made the number. */
export function listOf(figure: { list?: string; query: string }, asOf?: string): { path: string; query: Record<string, string> } {
  const query: Record<string, string> = Object.fromEntries(new URLSearchParams(figure.query));
  const past: Record<string, string> = asOf && asOf !== 'now' ? { as_of: asOf } : {};
  if (figure.list === 'clues') {
    const { state, ...rest } = query;
    return { path: '/clues', query: { ...rest, ...(state ? { clue_state: state } : {}), ...past } };
  }
  if (figure.list === 'worklist') return { path: query.kind === 'urge' ? '/urging' : `/worklist/${query.kind ?? ''}`, query: {} };
  if (figure.list === 'issues' || figure.list === 'suspicions') return { path: `/${figure.list}`, query: { ...query, ...(figure.list === 'issues' ? { view: 'list' } : {}), ...past } };
  return { path: '/sites', query: { ...query, ...past } };
}
