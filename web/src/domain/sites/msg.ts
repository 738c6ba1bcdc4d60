import { words } from '@/domain/msg';

/** Texts of what is shown of a site on more than one screen. */
export const t = words({
  timeline: ['动态', 'Timeline'],
  recorded: ['登记', 'recorded'],
  show_body: ['查看条目原文', 'Show the entry'],
});
