import type { Pinia } from 'pinia';
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';

import { m } from '@/domain/msg';

import { useSession } from '@/domain/session';

/** The page somebody lands on: a leader sees figures, an administrator people, everybody else the workbench. */
function landing(role: string): string {
  if (role === 'operator') return '/admin';
  if (role === 'responsible_unit') return '/worklist';
  if (role === 'bureau_leader' || role === 'city' || role === 'province') return '/dashboard';
  return '/workbench';
}

const screens: RouteRecordRaw[] = [
  { path: '/workbench', name: 'workbench', component: () => import('@/screens/workbench/WorkbenchScreen.vue') },
  { path: '/map', name: 'map', component: () => import('@/screens/map/MapScreen.vue') },
  { path: '/compare', name: 'compare', component: () => import('@/screens/compare/CompareScreen.vue') },
  { path: '/clues', name: 'clues', component: () => import('@/screens/clues/ClueInbox.vue') },
  { path: '/imports', name: 'imports', component: () => import('@/screens/imports/ImportWizard.vue') },
  { path: '/ledgers/:view', name: 'ledgers', meta: { key: 'view' }, component: () => import('@/screens/ledgers/LedgerScreen.vue') },
  { path: '/sites', name: 'sites', component: () => import('@/screens/sites/SiteList.vue') },
  { path: '/sites/:code', name: 'dossier', meta: { key: 'code' }, component: () => import('@/screens/sites/DossierScreen.vue') },
  { path: '/issues', name: 'issues', component: () => import('@/screens/issues/IssuesScreen.vue') },
  { path: '/issues/:issue', name: 'issue', meta: { key: 'issue' }, component: () => import('@/screens/issues/IssueScreen.vue') },
  { path: '/worklist/:kind?', name: 'worklist', component: () => import('@/screens/issues/WorklistScreen.vue') },
  { path: '/registers', name: 'registers', component: () => import('@/screens/issues/RegistersScreen.vue') },
  { path: '/duties', name: 'duties', component: () => import('@/screens/issues/DutiesScreen.vue') },
  { path: '/urging', name: 'urging', component: () => import('@/screens/urging/UrgingScreen.vue') },
  { path: '/look-backs', name: 'look-backs', component: () => import('@/screens/look-backs/LookBacksScreen.vue') },
  { path: '/suspicions', name: 'suspicions', component: () => import('@/screens/suspicions/SuspicionsScreen.vue') },
  { path: '/suspicions/:entry', name: 'suspicion', meta: { key: 'entry' }, component: () => import('@/screens/suspicions/SuspicionScreen.vue') },
  { path: '/patrols/:tab?', name: 'patrols', component: () => import('@/screens/patrols/PatrolsScreen.vue') },
  { path: '/patrol/:patrol', name: 'patrol', meta: { key: 'patrol' }, component: () => import('@/screens/patrols/PatrolScreen.vue') },
  { path: '/dashboard', name: 'dashboard', component: () => import('@/screens/dashboard/DashboardScreen.vue') },
  { path: '/field-desk/:tab?', name: 'field-desk', component: () => import('@/screens/field-desk/FieldDeskScreen.vue') },
  { path: '/law', name: 'law', component: () => import('@/screens/law/LawScreen.vue') },
  { path: '/admin/:tab?', name: 'admin', component: () => import('@/screens/admin/AdminScreen.vue') },
];

const bare: RouteRecordRaw[] = [
  { path: '/login', name: 'login', component: () => import('./LoginScreen.vue') },
  { path: '/link', name: 'link', component: () => import('./LinkEntry.vue') },
  { path: '/setup', name: 'setup', component: () => import('./SetupScreen.vue') },
  { path: '/password', name: 'password', component: () => import('./MustChangePassword.vue') },
];

export function makeRouter(pinia: Pinia) {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/', name: 'home', component: { render: () => null } },
      ...screens.map((r) => ({ ...r, meta: { ...r.meta, isBare: false } }) as RouteRecordRaw),
      ...bare.map((r) => ({ ...r, meta: { isBare: true } }) as RouteRecordRaw),
      { path: '/:rest(.*)*', name: 'missing', meta: { isBare: false }, component: () => import('./NotFound.vue') },
    ],
  });
  router.beforeEach(async (to) => {
    if (to.name === 'link') return true;
    const session = useSession(pinia);
    await session.resume();
    if (!session.me) {
      if (session.needsSetup) return to.name === 'setup' || { name: 'setup' };
      return to.name === 'login' || { name: 'login', query: to.path === '/' ? {} : { next: to.fullPath } };
    }
    if (session.me.must_change_password) return to.name === 'password' || { name: 'password' };
    if (to.name === 'home' || to.name === 'login' || to.name === 'setup') return landing(session.role);
    return true;
  });
  router.afterEach((to, from) => {
    document.title = `${m('product')} · ${m('product_long')}`;
    if (to.path !== from.path) document.getElementById('content')?.focus({ preventScroll: true });
  });
  return router;
}
