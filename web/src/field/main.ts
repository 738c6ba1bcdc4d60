import { createApp } from 'vue';

import { language } from '@/domain/msg';

import FieldApp from './FieldApp.vue';
import { door, wake, who } from './phone';
import { keepShellFresh } from './shell-update';
import { makeFieldRouter } from './router';
import './field.css';

document.documentElement.lang = language;

const router = makeFieldRouter();
void wake().then(() => {
  router.beforeEach((to) => (who.value || to.name === 'enrol' ? true : { name: 'enrol' }));
  Object.assign(window, { qingshanField: door });
  createApp(FieldApp).use(router).mount('#app');
});
keepShellFresh();
