import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';

const routes: RouteRecordRaw[] = [
  { path: '/field', name: 'tasks', component: () => import('./screens/TasksScreen.vue') },
  { path: '/field/map', name: 'map', component: () => import('./screens/MapScreen.vue') },
  { path: '/field/finding', name: 'finding', component: () => import('./screens/FindingScreen.vue') },
  { path: '/field/outbox', name: 'outbox', component: () => import('./screens/OutboxScreen.vue') },
  { path: '/field/me', name: 'me', component: () => import('./screens/MeScreen.vue') },
  { path: '/field/check', name: 'check', component: () => import('./screens/CheckScreen.vue') },
  { path: '/field/site/:id', name: 'site', component: () => import('./screens/VerifyScreen.vue'), props: true },
  { path: '/field/patrol', name: 'patrol', component: () => import('./screens/PatrolScreen.vue') },
  { path: '/field/review', name: 'review', component: () => import('./screens/ReviewScreen.vue') },
  { path: '/field/enrol', name: 'enrol', component: () => import('./screens/EnrolScreen.vue') },
  { path: '/field/:rest(.*)', redirect: '/field' },
];
export const makeFieldRouter = () => createRouter({ history: createWebHistory(), routes, scrollBehavior: () => ({ top: 0 }) });
