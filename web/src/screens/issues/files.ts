import { computed, inject, provide, ref, type ComputedRef, type InjectionKey, type Ref } from 'vue';

import type { Evidence } from '@/api/wire';
import { useSite } from '@/domain/sites/dossier';
import { uploadEvidence } from '@/domain/sites/evidence';
import { tellProblem } from '@/ui/tell';

/** 材料 — the files of the site: what an act may name as evidence, and where more is added. */
export interface SiteFiles { code: Ref<string>; files: ComputedRef<Evidence[]>; find: (sha256: string) => Evidence | undefined; add: (chosen: Iterable<File>) => Promise<string[]>; isBusy: Ref<boolean> }
const KEY: InjectionKey<SiteFiles> = Symbol('files of the site');

export function provideSiteFiles(code: Ref<string>): SiteFiles {
  const { data, refetch } = useSite(code);
  /** Handed in from this page: a unit that answers for an issue reads no dossier. */
  const own = ref<Evidence[]>([]);
  /** The same file handed in twice is one. */
  const files = computed(() => [...new Map([...(data.value?.evidence ?? []), ...own.value].map((e) => [e.sha256, e])).values()]);
  const isBusy = ref(false);
  async function add(chosen: Iterable<File>): Promise<string[]> {
    isBusy.value = true;
    try {
      const added = await uploadEvidence(code.value, chosen);
      own.value.push(...added);
      await refetch();
      return added.map((e) => e.sha256);
    } catch (problem) {
      tellProblem(problem);
      return [];
    } finally {
      isBusy.value = false;
    }
  }
  const held = { code, files, find: (sha256: string) => files.value.find((e) => e.sha256 === sha256), add, isBusy };
  provide(KEY, held);
  return held;
}

export function useSiteFiles(): SiteFiles {
  const held = inject(KEY);
  if (!held) throw new Error('files were asked for outside an issue');
  return held;
}
