-- The table that exports are measured on: whole numbers, decimals, texts, times, truth values and NULLs.
CREATE TABLE orders (
  id bigint NOT NULL, customer int NOT NULL, quantity int NOT NULL, status smallint,
  price numeric(10,2) NOT NULL, discount numeric(5,4), weight double precision,
  paid boolean NOT NULL, email text NOT NULL, country varchar(2) NOT NULL, note text,
  placed_at timestamptz NOT NULL, shipped_at timestamptz, day date NOT NULL);
INSERT INTO orders
SELECT n, (random()*1000000)::int, 1+(random()*20)::int, CASE WHEN n % 50 = 0 THEN NULL ELSE n % 7 END,
  round((random()*10000)::numeric, 2), CASE WHEN random() < 0.7 THEN NULL ELSE round(random()::numeric, 4) END,
  CASE WHEN n % 10 = 0 THEN NULL ELSE random()*50 END, random() < 0.9,
  'customer' || (random()*1000000)::int || '@example.com',
  (ARRAY['DE','FR','US','GB','IT','ES','NL','PL'])[1 + (random()*7)::int],
  CASE WHEN random() < 0.6 THEN NULL ELSE 'left ' || md5(n::text) || ' at the door of number ' || (n % 300) END,
  timestamptz '2024-01-01' + n * interval '3 seconds' + random() * interval '1 second',
  CASE WHEN random() < 0.2 THEN NULL ELSE timestamptz '2024-01-02' + n * interval '3 seconds' + random() * interval '5 days' END,
  date '2024-01-01' + (n / 28800)::int
FROM generate_series(1, 10000000) n;
VACUUM (FREEZE, ANALYZE) orders;
