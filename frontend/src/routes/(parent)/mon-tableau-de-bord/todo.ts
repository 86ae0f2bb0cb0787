import type { EnrollmentRead, InvoiceSummary, ProfileRead, RequestSummary } from '#lib/api/client.ts';
import { day, instant } from '#lib/format.ts';
import { t } from '#lib/i18n/index.svelte.ts';
import { routes } from '#lib/routes.ts';
import type { IconName } from '#lib/ui/Icon.svelte';

export interface Todo {
  icon: IconName;
  words: string;
  href: string;
  urgent: boolean;
}

interface Known {
  me?: ProfileRead | undefined;
  requests?: RequestSummary[] | undefined;
  invoices?: InvoiceSummary[] | undefined;
  enrollments?: EnrollmentRead[] | undefined;
}

/** What needs doing now; what cannot wait comes first. */
export function todo({ me, requests = [], invoices = [], enrollments = [] }: Known): Todo[] {
  const words = t().dashboard;
  const offers = enrollments
    .filter((e) => e.state === 'offered' && e.offered_until)
    .map((e): Todo => ({ icon: 'clock', words: words.offer(e.activity_name, instant(e.offered_until ?? '')), href: routes.enrollment(e.id), urgent: true }));
  const corrections = requests
    .filter((r) => r.state === 'correction_requested')
    .map((r): Todo => ({ icon: 'document', words: words.correction(r.reference), href: routes.request(r.id), urgent: true }));
  const messages = requests
    .filter((r) => r.unread > 0)
    .map((r): Todo => ({ icon: 'mail', words: words.message(r.reference), href: routes.request(r.id), urgent: false }));
  const due = (state: InvoiceSummary['state']): boolean => ['to_pay', 'overdue', 'partly_paid'].includes(state);
  const bills = invoices
    .filter((i) => due(i.state))
    .map((i): Todo => {
      const late = i.state === 'overdue';
      return { icon: 'invoices', words: (late ? words.overdueInvoice : words.dueInvoice)(i.number, day(i.due_on)), href: routes.invoice(i.id), urgent: late };
    });
  const mail: Todo[] = me?.pending_email ? [{ icon: 'mail', words: words.confirmEmail(me.pending_email), href: routes.email, urgent: false }] : [];
  return [...offers, ...corrections, ...messages, ...bills, ...mail].sort((a, b) => Number(b.urgent) - Number(a.urgent));
}

/** What is left to pay, in cents. */
export function balance(invoices: InvoiceSummary[]): number {
  return invoices.filter((i) => ['to_pay', 'overdue', 'partly_paid'].includes(i.state)).reduce((sum, i) => sum + i.balance_cents, 0);
}
