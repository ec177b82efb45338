"""What is kept between the stages: tables, the lake of Parquet files, the warehouse, and its publishing."""
