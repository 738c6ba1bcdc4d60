import { s } from './msg';

/** 菜单 — screens in their order; an item is shown to posts that may do one of its actions. */
export interface MenuItem {
  name: string;
  path: string;
  label: string;
  glyph: string;
  actions: string[];
  /** Shown to units outside the bureau too, who look after their own issues. */
  isForUnits?: boolean;
}

export const MENU: MenuItem[] = [
  { name: 'workbench', path: '/workbench', label: s('workbench'), glyph: '▤', actions: ['read_ledgers'] },
  { name: 'map', path: '/map', label: s('map'), glyph: '◈', actions: ['read_ledgers'] },
  { name: 'compare', path: '/compare', label: s('compare'), glyph: '◫', actions: ['read_ledgers'] },
  { name: 'clues', path: '/clues', label: s('clues'), glyph: '⚑', actions: ['read_clues'] },
  { name: 'worklist', path: '/worklist', label: s('worklist'), glyph: '▣', actions: ['report_progress'], isForUnits: true },
  { name: 'issues', path: '/issues', label: s('issues'), glyph: '☑', actions: ['read_ledgers'], isForUnits: true },
  { name: 'duties', path: '/duties', label: s('duties'), glyph: '☰', actions: ['read_ledgers'], isForUnits: true },
  { name: 'urging', path: '/urging', label: s('urging'), glyph: '‼', actions: ['urge'] },
  { name: 'look-backs', path: '/look-backs', label: s('look_backs'), glyph: '↺', actions: ['plan_look_back'] },
  { name: 'suspicions', path: '/suspicions', label: s('suspicions'), glyph: '⚠', actions: ['read_suspicions'] },
  { name: 'patrols', path: '/patrols/list', label: s('patrols'), glyph: '◎', actions: ['read_ledgers'] },
  { name: 'ledgers', path: '/ledgers/sites', label: s('ledgers'), glyph: '▦', actions: ['read_ledgers'] },
  { name: 'dashboard', path: '/dashboard', label: s('dashboard'), glyph: '◔', actions: ['read_statistics'] },
  { name: 'field-desk', path: '/field-desk', label: s('field_desk'), glyph: '⇅', actions: ['decide_item'] },
  { name: 'law', path: '/law', label: s('law'), glyph: '§', actions: ['judge'] },
  { name: 'admin', path: '/admin', label: s('admin'), glyph: '⚙', actions: [] },
];
