/** 更新离线包 — by button, with how far it has come; told whether there was anything new. */
import { ref } from 'vue';

import { currentPack, fetchPack } from '@/offline/pack';

import { t } from './msg';
import { me } from './phone';
import { tell, tellProblem } from './tell';

/** What the button says while it runs. */
export function usePackUpdate(after: () => Promise<unknown>) {
  const isUpdating = ref<string | null>(null);
  async function updatePack(): Promise<void> {
    const { db, who } = me();
    isUpdating.value = t('pack_getting', { n: 0 });
    try {
      const before = await currentPack(db);
      const now = await fetchPack(who, (p) => (isUpdating.value = t('pack_getting', { n: Math.round((p.done / Math.max(1, p.total)) * 100) })));
      await after();
      tell(t(now.version === before?.version ? 'pack_same' : 'pack_updated'));
    } catch (problem) {
      tellProblem(problem);
    } finally {
      isUpdating.value = null;
    }
  }
  return { isUpdating, updatePack };
}
