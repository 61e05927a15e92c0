import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/**
 * Reader URL: asks the database behind a JDBC URL what comes on standard input, a
 * statement of SQL a line, and prints the version of DuckDB and then a row a line,
 * with tabs between the values.
 */
class Reader {
    public static void main(String[] args) throws Exception {
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (Connection warehouse = DriverManager.getConnection(args[0]); Statement statement = warehouse.createStatement()) {
            out.println(warehouse.getMetaData().getDatabaseProductVersion());
            for (String question = questions.readLine(); question != null; question = questions.readLine()) {
                try (ResultSet rows = statement.executeQuery(question)) {
                    int columns = rows.getMetaData().getColumnCount();
                    while (rows.next()) {
                        for (int i = 1; i <= columns; i++) {
                            out.print(rows.getString(i));
                            out.print(i < columns ? "\t" : "\n");
                        }
                    }
                }
            }
        }
        out.flush();
    }
}
