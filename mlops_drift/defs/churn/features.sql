-- How many optional services a customer has, and how much dearer the last month was than the
-- average one before it.
SELECT
    customerID,
    list_count(list_filter(
        [OnlineSecurity, OnlineBackup, DeviceProtection, TechSupport, StreamingTV, StreamingMovies],
        lambda service: service = 'Yes'
    )) AS optional_services,
    CASE WHEN tenure > 0 THEN MonthlyCharges - TotalCharges / tenure ELSE 0 END AS price_increase
FROM events
