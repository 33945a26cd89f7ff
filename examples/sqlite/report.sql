-- A database made, filled and asked at each start.
pragma journal_mode = wal;
create table sales (day text, item text, n int);
begin;
with recursive days (i) as (
    select 1 union all select i + 1 from days where i < 1000
)
insert into sales
    select date('2024-01-01', '+' || i || ' days'),
           'item ' || (i % 7), i * i % 101
    from days;
commit;
create index by_item on sales (item);
.mode column
select item, count(*) as days, sum(n) as sold from sales group by item
    order by item;
pragma integrity_check;
