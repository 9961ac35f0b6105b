//! The sample database of `snaplake demo`: a small shop, the same rows every time.

use rusqlite::{Connection, Transaction, params};
use std::path::Path;

/// Rows of each table, most of them order lines.
const CUSTOMERS: u32 = 20_000;
const PRODUCTS: u32 = 1_200;
const ORDERS: u32 = 60_000;
const ORDER_LINES: u32 = 150_000;

/// Days of business: orders lie between 2024-01-01 and 2025-12-30.
const DAYS: u32 = 730;

const CATEGORIES: [(&str, &str); 12] = [
    ("Books", "本"),
    ("Coffee", "コーヒー"),
    ("Tea", "お茶"),
    ("Stationery", "文房具"),
    ("Kitchen", "台所用品"),
    ("Garden", "園芸"),
    ("Toys", "おもちゃ"),
    ("Music", "音楽"),
    ("Sports", "スポーツ"),
    ("Travel", "旅行"),
    ("Lighting", "照明"),
    ("Textiles", "織物"),
];

const PREFECTURES: [&str; 10] = [
    "東京都",
    "大阪府",
    "北海道",
    "京都府",
    "福岡県",
    "愛知県",
    "沖縄県",
    "宮城県",
    "広島県",
    "長野県",
];

const FAMILY_NAMES: [&str; 10] =
    ["佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"];

const GIVEN_NAMES: [&str; 10] =
    ["陽菜", "蓮", "葵", "湊", "凛", "樹", "結衣", "悠真", "さくら", "大翔"];

const STATUSES: [&str; 4] = ["placed", "paid", "shipped", "returned"];

/// The column types are those of the engine that the example's configuration names.
const SCHEMA: &str = "
CREATE TABLE categories (
  id INT NOT NULL PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  name_ja VARCHAR(40) NOT NULL
);
CREATE TABLE products (
  id INT NOT NULL PRIMARY KEY,
  category_id INT NOT NULL REFERENCES categories (id),
  name VARCHAR(80) NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  weight_g INT,
  discontinued_on DATE
);
CREATE TABLE customers (
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(80) NOT NULL,
  email VARCHAR(120),
  prefecture VARCHAR(20) NOT NULL,
  born_on DATE,
  created_at DATETIME NOT NULL
);
CREATE TABLE orders (
  id BIGINT NOT NULL PRIMARY KEY,
  customer_id BIGINT NOT NULL REFERENCES customers (id),
  status VARCHAR(10) NOT NULL,
  ordered_at DATETIME NOT NULL,
  shipped_at DATETIME,
  discount DECIMAL(5,2),
  note TEXT
);
CREATE TABLE order_lines (
  id BIGINT NOT NULL PRIMARY KEY,
  order_id BIGINT NOT NULL REFERENCES orders (id),
  product_id INT NOT NULL REFERENCES products (id),
  quantity SMALLINT NOT NULL,
  unit_price DECIMAL(10,2) NOT NULL
);
";

/// Numbers that look random and are the same on every machine: SplitMix64.
struct Numbers(u64);

impl Numbers {
    /// A number below `bound`, which must not be zero.
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = (mixed ^ (mixed >> 31)) >> 32;
        // The product of two 32-bit numbers, shifted back, is below `bound`.
        u32::try_from((wide * u64::from(bound)) >> 32).unwrap_or(0)
    }

    fn one_in(&mut self, chance: u32) -> bool {
        self.below(chance) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let bound = u32::try_from(from.len()).unwrap_or(1);
        from.get(self.below(bound) as usize).copied().unwrap_or_default()
    }

    fn date(&mut self, first_year: i16, years: u32) -> String {
        let year = i32::from(first_year) + i32::try_from(self.below(years)).unwrap_or(0);
        format!("{year:04}-{:02}-{:02}", 1 + self.below(12), 1 + self.below(28))
    }
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Writes the sample database to `path`, which must not exist yet.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path) -> Result<(), rusqlite::Error> {
    let mut connection = Connection::open(path)?;
    // A half-written sample is thrown away, so nothing has to survive a crash here.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    connection.execute_batch(SCHEMA)?;
    let transaction = connection.transaction()?;
    let mut numbers = Numbers(20_240_101);
    catalogue(&transaction, &mut numbers)?;
    customers(&transaction, &mut numbers)?;
    orders(&transaction, &mut numbers)?;
    order_lines(&transaction, &mut numbers)?;
    transaction.commit()
}

fn catalogue(into: &Transaction<'_>, numbers: &mut Numbers) -> Result<(), rusqlite::Error> {
    let mut insert = into.prepare("INSERT INTO categories VALUES (?, ?, ?)")?;
    for (id, (name, name_ja)) in (1_u32..).zip(CATEGORIES) {
        insert.execute(params![id, name, name_ja])?;
    }
    let mut insert = into.prepare("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)")?;
    for id in 1..=PRODUCTS {
        let category = 1 + numbers.below(12);
        let (name, name_ja) = CATEGORIES.get(category as usize - 1).copied().unwrap_or_default();
        let weight = (!numbers.one_in(7)).then(|| 20 + numbers.below(5_000));
        let discontinued = numbers.one_in(9).then(|| numbers.date(2023, 3));
        let name = format!("{name} no. {id} ({name_ja})");
        let price = money(150 + numbers.below(40_000));
        insert.execute(params![id, category, name, price, weight, discontinued])?;
    }
    Ok(())
}

fn customers(into: &Transaction<'_>, numbers: &mut Numbers) -> Result<(), rusqlite::Error> {
    let mut insert = into.prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?)")?;
    for id in 1..=CUSTOMERS {
        let name = format!("{} {}", numbers.pick(&FAMILY_NAMES), numbers.pick(&GIVEN_NAMES));
        let email = (!numbers.one_in(11)).then(|| format!("customer{id}@example.com"));
        let born = (!numbers.one_in(5)).then(|| numbers.date(1940, 65));
        let created =
            format!("{} {:02}:{:02}:00", numbers.date(2019, 5), numbers.below(24), id % 60);
        insert.execute(params![id, name, email, numbers.pick(&PREFECTURES), born, created])?;
    }
    Ok(())
}

fn orders(into: &Transaction<'_>, numbers: &mut Numbers) -> Result<(), rusqlite::Error> {
    let mut insert = into.prepare(
        "INSERT INTO orders VALUES (?1, ?2, ?3, datetime('2024-01-01', ?4),
         CASE WHEN ?5 IS NULL THEN NULL ELSE datetime('2024-01-01', ?4, ?5) END, ?6, ?7)",
    )?;
    for id in 1..=ORDERS {
        let customer = 1 + numbers.below(CUSTOMERS);
        let status = numbers.pick(&STATUSES);
        let placed = format!("+{} seconds", numbers.below(DAYS * 86_400 - 1));
        let shipped = matches!(status, "shipped" | "returned")
            .then(|| format!("+{} minutes", 60 + numbers.below(7_200)));
        let discount = numbers.one_in(4).then(|| money(50 + numbers.below(3_000)));
        let note = numbers.one_in(10).then(|| match numbers.below(3) {
            0 => "ギフト包装をお願いします",
            1 => "please ring twice; the bell is \"old\"",
            _ => "置き配",
        });
        insert.execute(params![id, customer, status, placed, shipped, discount, note])?;
    }
    Ok(())
}

fn order_lines(into: &Transaction<'_>, numbers: &mut Numbers) -> Result<(), rusqlite::Error> {
    let mut insert = into.prepare("INSERT INTO order_lines VALUES (?, ?, ?, ?, ?)")?;
    for id in 1..=ORDER_LINES {
        // Every order has a line; the rest are spread.
        let order = if id <= ORDERS { id } else { 1 + numbers.below(ORDERS) };
        let product = 1 + numbers.below(PRODUCTS);
        let quantity = 1 + numbers.below(9);
        insert.execute(params![
            id,
            order,
            product,
            quantity,
            money(150 + numbers.below(40_000))
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.db");
        write(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        (folder, connection)
    }

    #[test]
    fn has_related_tables_nulls_and_over_200_000_rows() {
        let (_folder, connection) = sample();
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let tables = ["categories", "products", "customers", "orders", "order_lines"];
        let rows: i64 = tables.iter().map(|t| one(&format!("SELECT COUNT(*) FROM {t}"))).sum();
        assert!(rows >= 200_000, "{rows} rows");
        assert_eq!(one("SELECT COUNT(*) FROM pragma_foreign_key_check"), 0);
        assert!(one("SELECT COUNT(*) FROM orders WHERE shipped_at IS NULL") > 1_000);
        assert!(one("SELECT COUNT(*) FROM orders WHERE shipped_at < ordered_at") == 0);
        assert!(one("SELECT COUNT(*) FROM customers WHERE born_on IS NULL") > 1_000);
    }

    #[test]
    fn is_the_same_every_time() {
        let sum = |connection: &Connection| {
            connection
                .query_row(
                    "SELECT SUM(CAST(unit_price * 100 AS INTEGER) * quantity) FROM order_lines",
                    [],
                    |row| row.get::<_, i64>(0),
                )
                .unwrap()
        };
        let (_one, first) = sample();
        let (_two, second) = sample();
        assert_eq!(sum(&first), sum(&second));
    }
}
