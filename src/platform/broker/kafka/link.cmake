set(kafka_libraries rdkafka)
