import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query';
import { createPinia } from 'pinia';
import { createApp } from 'vue';

import { Problem, whenSignedOut } from './api/client';
import { language } from './domain/msg';
import App from './shell/App.vue';
import { makeRouter } from './shell/router';
import { useSession } from './domain/session';
import './ui/theme.css';

document.documentElement.lang = language;

const pinia = createPinia();
const router = makeRouter(pinia);
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => !(error instanceof Problem && error.status < 500) && count < 2,
    },
  },
});

whenSignedOut(() => {
  const session = useSession(pinia);
  if (!session.me) return;
  session.forget();
  queries.clear();
  void router.push({ name: 'login', query: { next: router.currentRoute.value.fullPath } });
});

createApp(App).use(pinia).use(VueQueryPlugin, { queryClient: queries }).use(router).mount('#app');
