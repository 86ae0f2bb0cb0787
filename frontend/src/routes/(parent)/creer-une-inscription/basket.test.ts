import { expect, test } from 'vitest';
import { hasSiblings, withWish, type Wish } from './basket';

const wish = (child: string, activity: string, days: Wish['days'] = ['mon']): Wish => ({ child_id: child, activity_id: activity, days, child, activity });

test('the same child and activity chosen again replaces the former choice', () => {
  const items = withWish(withWish([], wish('Ana', 'canteen')), wish('Ana', 'canteen', ['tue']));
  expect(items.map((one) => one.days)).toEqual([['tue']]);
});

test('two children in one activity are siblings there, one child in two activities is not', () => {
  expect(hasSiblings([wish('Ana', 'canteen'), wish('Leo', 'canteen')])).toBe(true);
  expect(hasSiblings([wish('Ana', 'canteen'), wish('Ana', 'sports'), wish('Leo', 'music')])).toBe(false);
});
