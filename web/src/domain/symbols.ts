/** Colour, shape and word of states and severities: no meaning hangs on colour alone. */
export type Shape = 'circle' | 'triangle' | 'square' | 'diamond' | 'cross' | 'ring' | 'star';

export interface Symbol {
  colour: string;
  shape: Shape;
  /** The shape as a character, for lists and legends. */
  glyph: string;
}

const GLYPHS: Record<Shape, string> = {
  circle: '●',
  triangle: '▲',
  square: '■',
  diamond: '◆',
  cross: '✕',
  ring: '○',
  star: '★',
};

const symbol = (colour: string, shape: Shape): Symbol => ({ colour, shape, glyph: GLYPHS[shape] });

const STATES: Record<string, Symbol> = {
  awaiting_verification: symbol('#8a5300', 'ring'),
  in_verification: symbol('#0b5cad', 'diamond'),
  excluded: symbol('#55606a', 'cross'),
  no_issue: symbol('#1d6b3c', 'circle'),
  verified_with_issue: symbol('#b3261e', 'triangle'),
  characterized: symbol('#6a1b9a', 'square'),
  planning: symbol('#6a1b9a', 'ring'),
  plan_approved: symbol('#6a1b9a', 'diamond'),
  rectifying: symbol('#8a5300', 'triangle'),
  awaiting_acceptance: symbol('#0b5cad', 'ring'),
  county_accepted: symbol('#0b5cad', 'square'),
  city_determined: symbol('#0b5cad', 'star'),
  in_public_notice: symbol('#00695c', 'ring'),
  closed_out: symbol('#1d6b3c', 'square'),
  consolidated: symbol('#1d6b3c', 'star'),
  relapsed: symbol('#8b0000', 'star'),
  closed_unfixed: symbol('#55606a', 'square'),
  merged: symbol('#55606a', 'cross'),
  withdrawn: symbol('#55606a', 'cross'),
};

const SEVERITIES: Record<string, Symbol> = {
  A: symbol('#8b0000', 'star'),
  B: symbol('#b3261e', 'triangle'),
  C: symbol('#8a5300', 'diamond'),
  D: symbol('#1d6b3c', 'circle'),
};

const OTHER = symbol('#3a424b', 'circle');
const RING: Symbol[] = [
  symbol('#b3261e', 'triangle'),
  symbol('#0b5cad', 'square'),
  symbol('#1d6b3c', 'circle'),
  symbol('#8a5300', 'diamond'),
  symbol('#6a1b9a', 'star'),
  symbol('#00695c', 'ring'),
  symbol('#ad1457', 'cross'),
];

export const stateSymbol = (state: string): Symbol => STATES[state] ?? OTHER;
export const severitySymbol = (severity: string): Symbol => SEVERITIES[severity] ?? OTHER;

/** Symbols for lists without fixed ones (activity types): colours and shapes in turn, so that fourteen stay apart. */
export function turnSymbol(index: number): Symbol {
  const colour = RING[index % RING.length] ?? OTHER;
  const shape = RING[(index + Math.floor(index / RING.length)) % RING.length] ?? OTHER;
  return symbol(colour.colour, shape.shape);
}

const ZONES: Record<string, string> = {
  core: '#c62828',
  buffer: '#ef8f00',
  experimental: '#2e7d32',
  core_protection: '#c62828',
  general_control: '#2e7d32',
  unzoned: '#607d8b',
  outer_belt: '#90a4ae',
};
export const zoneColour = (kind: string): string => ZONES[kind] ?? '#607d8b';
