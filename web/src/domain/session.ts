import { defineStore } from 'pinia';
import { computed, ref } from 'vue';

import { get, holdCsrfToken, holdLink, isByLink, post, Problem, put, remove } from '@/api/client';
import type { Config, Me } from '@/api/wire';

/** 登录会话 — who is at the desk, in which post, and the words of the reserve. */
export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null);
  const config = ref<Config | null>(null);
  /** What the person keeps for themselves, such as saved views; it follows the account. */
  const settings = ref<Record<string, unknown>>({});
  const isKnown = ref(false);
  const needsSetup = ref(false);

  async function take(answer: Me): Promise<void> {
    holdCsrfToken(answer.csrf_token);
    config.value = answer.must_change_password ? null : await get<Config>('/config');
    settings.value = answer.must_change_password ? {} : await get<Record<string, unknown>>('/session/settings');
    me.value = answer;
    isKnown.value = true;
  }

  /** Asks the server who we are; called once per page load. */
  async function resume(): Promise<void> {
    if (isKnown.value) return;
    try {
      await take(await get<Me>('/session'));
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
      needsSetup.value = (await get<{ is_needed: boolean }>('/setup')).is_needed;
      isKnown.value = true;
    }
  }

  /** Asks again, after a personal link was opened. */
  async function resumeAnew(): Promise<void> {
    forget();
    isKnown.value = false;
    await resume();
  }

  const signIn = async (login: string, password: string, totp?: string) =>
    take(await post<Me>('/session', { login, password, ...(totp ? { totp } : {}) }));

  const actAs = async (post_id: number) => take(await post<Me>('/session/post', { post_id }));

  async function signOut(): Promise<void> {
    if (isByLink()) holdLink('');
    else await remove('/session').catch(() => undefined);
    forget();
  }

  function forget(): void {
    me.value = null;
    config.value = null;
  }

  /** Keeps part of the settings in place of what it was. */
  async function keep(part: Record<string, unknown>): Promise<void> {
    // Another page of this person may have kept something meanwhile.
    const all = { ...(await get<Record<string, unknown>>('/session/settings')), ...part };
    await put('/session/settings', all);
    settings.value = all;
  }

  const may = (action: string) => me.value?.actions.includes(action) ?? false;
  const role = computed(() => me.value?.post?.role ?? '');

  return { me, config, settings, keep, isKnown, needsSetup, resume, resumeAnew, signIn, actAs, signOut, forget, take, may, role };
});

/** The signed-in person and the words, for screens that only exist when both are there. */
export function useDesk() {
  const session = useSession();
  if (!session.me || !session.config) throw new Error('a screen was opened without a session');
  return { session, me: session.me, config: session.config };
}
